/**
 * The part of the fleet that one process has, with the hardware model: the reference agent on simulated boards, over MQTT.js.
 * What it counts it sees as an observer does: requests, replies and traces of the devices. How many updates an execution has is the
 * agent's business here.
 */
import type { Duplex } from 'node:stream';
import { type Fleet, type FleetOptions, startFleet } from '../../agent/fleet.ts';
import type { HardwareProfile } from '../../agent/device/profile.ts';
import type { Observer } from '../../observation/observation.ts';
import { present } from '../../protocol/json.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { type Exchange, hangs } from './contract.ts';
import { FleetCounts } from './fleet-counts.ts';
import type { FleetPart, FleetPartOptions } from './load-fleet.ts';

export interface HardwareFleetOptions extends Omit<FleetPartOptions, 'open' | 'attempts'> {
  readonly endpoint: string;
  readonly hardware: readonly HardwareProfile[];
  readonly timeScale?: number;
  readonly openStream?: () => Duplex;
  readonly credentialsOf?: FleetOptions['credentialsOf'];
  /** Other boards than the reference device, for rigs that test the rig. */
  readonly boards?: Pick<FleetOptions, 'boardOf'>;
}

interface Seen {
  connectingSince: DurationMs;
  isConnected: boolean;
  askedAt?: DurationMs | undefined;
  notifiedAt?: DurationMs | undefined;
  /** What it began last. Taken away after the reboot into a new image it is finished all the same, and begins no second time. */
  begunJobId?: string;
  lostAt?: DurationMs | undefined;
}

const cutOffMs = 1000;

export function createHardwareFleet(options: HardwareFleetOptions): FleetPart {
  const { first, count, prefix, endpoint, hardware, connectRate, seed, now, openStream, timeScale, boards } = options;
  const { credentialsOf } = options;
  const counts = new FleetCounts();
  const seen = new Map<string, Seen>();
  const ended = new AbortController();
  let fleet: Fleet | undefined;
  let firstFailure: string | undefined;

  function of(thingName = ''): Seen {
    let known = seen.get(thingName);
    if (known === undefined) {
      known = { connectingSince: now(), isConnected: false };
      seen.set(thingName, known);
    }
    return known;
  }

  function disconnected(thing: Seen, failure: string | undefined): void {
    thing.askedAt = undefined;
    if (failure !== undefined) {
      counts.fail(`${thing.isConnected ? 'disconnected' : 'connect failed'}: ${failure}`);
      firstFailure ??= failure;
    }
    if (thing.isConnected) {
      thing.isConnected = false;
      counts.connected -= 1;
      thing.lostAt ??= now();
    } else counts.connecting -= 1;
  }

  const observer: Observer = {
    connecting({ thingName }) {
      of(thingName).connectingSince = now();
      counts.connecting += 1;
    },
    connected({ thingName }) {
      const thing = of(thingName);
      thing.isConnected = true;
      counts.connecting -= 1;
      counts.connected += 1;
      counts.record('connect', now() - thing.connectingSince, now());
    },
    'connect-failed'({ thingName, reason }) {
      disconnected(of(thingName), reason);
    },
    disconnected({ thingName, end, reason }) {
      // A device that reboots, or whose link drops, leaves by itself.
      disconnected(of(thingName), reason ?? (end === 'by-service' ? 'the service closed the connection' : undefined));
    },
    hung({ thingName, after }) {
      counts.fail(hangs);
      counts.hung ??= `${thingName} hangs after ${after}`;
    },
    sent: ({ thingName }) => (of(thingName).askedAt = now()),
    received({ thingName, message }) {
      const thing = of(thingName);
      if (message.kind === 'notification') {
        thing.notifiedAt ??= now();
        return;
      }
      const { operation, outcome, payload } = message;
      if (thing.askedAt !== undefined) counts.record(nameOf[operation], now() - thing.askedAt, now());
      thing.askedAt = undefined;
      if (thing.lostAt !== undefined && operation !== 'UpdateJobExecution' && outcome === 'accepted') {
        counts.recovered += 1;
        counts.record('recovery', now() - thing.lostAt, now());
        thing.lostAt = undefined;
      }
      if (outcome === 'rejected' && (payload.code === 'RequestThrottled' || payload.code === 'InternalError')) {
        counts.refuse(payload.code);
      }
    },
    traced({ thingName, trace }) {
      const thing = of(thingName);
      if (trace.kind === 'step' && thing.begunJobId !== trace.execution.jobId) {
        thing.begunJobId = trace.execution.jobId;
        counts.began(trace.execution.jobId, now());
      } else if (trace.kind === 'pulled') {
        counts.job(trace.execution.jobId).pulled += 1;
        thing.lostAt ??= counts.takenAwayAt(trace.execution.jobId) ?? now();
      } else if (trace.kind === 'finished') {
        const { jobId } = trace.execution;
        const began = thing.notifiedAt ?? now();
        thing.notifiedAt = undefined;
        if (trace.status === 'SUCCEEDED') counts.succeeded(jobId, now() - began, now());
        else {
          counts.job(jobId).failed += 1;
          counts.fail(`execution ${trace.status}`);
        }
      }
    },
  };

  return {
    async connect() {
      try {
        fleet = await startFleet({
          endpoint,
          things: count,
          firstNumber: first + 1,
          prefix,
          hardware,
          connectRate,
          seed: seed + first,
          observer,
          ...(timeScale !== undefined && { timeScale }),
          signal: ended.signal,
          ...present({ openStream, credentialsOf }),
          ...boards,
        });
        return undefined;
      } catch (error) {
        if (error instanceof OperationalError) return firstFailure ?? error.message;
        if (ended.signal.aborted) return undefined;
        throw error;
      }
    },
    cut(percent, at) {
      const devices = [...(fleet?.devices.values() ?? [])];
      for (const device of devices.slice(0, Math.ceil((devices.length * percent) / 100))) {
        of(device.thingName).lostAt ??= at;
        device.inject({ kind: 'link-lost', forMs: cutOffMs });
      }
    },
    takeAway: (jobId, at) => counts.takeAway(jobId, at),
    intend() {}, // an open loop is for things without hardware: a simulated board takes its own time
    report: (takes) => counts.report(takes),
    async close() {
      ended.abort(new Error('closed'));
      await fleet?.close();
    },
  };
}

const nameOf = {
  StartNextPendingJobExecution: 'start-next',
  UpdateJobExecution: 'update',
  DescribeJobExecution: 'get',
  GetPendingJobExecutions: 'get',
} as const satisfies Record<string, Exchange>;
