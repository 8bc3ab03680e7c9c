/**
 * One process of a load run: the service, a share of the fleet, or both. Answers what the conductor asks over IPC. A process with
 * both joins them by memory, and so does one with a share and a door of the service; one with a service of several processes starts
 * them and operates their engine over a link. What it is not asked for it does not load.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { attemptsAt } from '../../agent/endpoint.ts';
import { thingNameOf } from '../../agent/fleet-names.ts';
import type { FleetOptions } from '../../agent/fleet.ts';
import type { LinkedDoors } from '../../broker/processes/linked-doors.ts';
import type { ProcessUsage } from '../../broker/processes/process-usage.ts';
import type { HardwareProfile } from '../../agent/device/profile.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { duplexPair } from '../live/wire/duplex-pair.ts';
import type { FleetReport } from './fleet-counts.ts';
import type { HardwareFleetOptions } from './hardware-fleet.ts';
import { type OpenLine, memoryLines } from './line.ts';
import type { CredentialsOf } from './network-lines.ts';
import type { FleetPart, FleetShare } from './load-fleet.ts';
import type { LoadService, LoadServiceOptions, RolloutPlan, ServiceReport } from './load-service.ts';
import type { OrderOfDoor } from './service-host.ts';
import { present } from '../../protocol/json.ts';
import { monotonicMs } from './monotonic.ts';

export interface OpenFleet extends FleetShare {
  /** Absent: the service, or a door of it, is in this process. */
  readonly endpoint?: string;
  /** A folder with their certificates. */
  readonly certs?: string;
  /** Absent: without hardware. */
  readonly hardware?: readonly HardwareProfile[];
  /** Device seconds in a second. */
  readonly timeScale?: number;
}

/** What a process has and does, since the last look where it is a share. */
export interface PartReport {
  readonly service?: ServiceReport;
  readonly fleet?: FleetReport;
  readonly cpuMs: DurationMs;
  readonly bytes: number;
  /** Share of the time since the last look in which the event loop was busy. */
  readonly busy: number;
  /** The longest that the loop was late since the last look. */
  readonly lateMs: DurationMs;
  /** Processes of the service that this one has started. */
  readonly others?: readonly ProcessUsage[];
}

export type PartQuestions = ReturnType<typeof createPart>;

/** @param boards of simulated hardware, where they are not the reference device: for rigs that test the rig */
export function createPart(boards: HardwareFleetOptions['boards'] = {}) {
  let ownService: LoadService | undefined;
  let ownDoor: LinkedDoors | undefined;
  let ownFleet: FleetPart | undefined;
  const service = (): LoadService => opened(ownService, 'service');
  const fleet = (): FleetPart => opened(ownFleet, 'fleet');
  const accept = (stream: Duplex): void =>
    ownDoor === undefined ? service().accept(stream) : ownDoor.acceptMqtt(stream);
  let names: readonly string[] = [];
  let lastLoop = performance.eventLoopUtilization();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();

  return {
    async openService(body: Omit<LoadServiceOptions, 'dataDir' | 'now'>) {
      const { openLoadService } = await import('./load-service.ts');
      ownService = await openLoadService({ ...body, now: monotonicMs });
      const { mqttUrl, orders } = ownService;
      return { mqttUrl, orders };
    },

    /** A door of a service whose engine is elsewhere, for the things of this process. @returns its endpoints */
    async openDoor(order: OrderOfDoor) {
      const { openLinkedDoors } = await import('../../broker/processes/linked-doors.ts');
      ownDoor = await openLinkedDoors(order);
      return ownDoor.endpoints;
    },

    doorsOpened: async (endpoints: Readonly<Record<string, string>>) => service().doorsOpened(endpoints),
    /** @returns where the live page of the service is */
    page: async () => service().pageUrl,

    async createThings(share: Names) {
      names = namesOf(share);
      await service().createThings(names);
    },

    rollout: async (rollout: Omit<RolloutPlan, 'things'>) => service().rollout({ ...rollout, things: names }),
    stopRollouts: async () => service().stopRollouts(),
    cancelJobs: async ({ base, force }: { readonly base: string; readonly force: boolean }) =>
      service().cancelJobs(base, force),
    deleteJobs: async ({ base, force }: { readonly base: string; readonly force: boolean }) =>
      service().deleteJobs(base, force),

    async openFleet(body: OpenFleet) {
      const { endpoint = 'mqtt://in-process', hardware, prefix } = body;
      const isElsewhere = body.endpoint !== undefined;
      const common = { ...body, endpoint, now: monotonicMs };
      const credentialsOf = await readCredentialsFor(body);
      if (hardware !== undefined) {
        const openStream = isElsewhere ? undefined : () => duplexTo(accept);
        const { createHardwareFleet } = await import('./hardware-fleet.ts');
        ownFleet = createHardwareFleet({ ...common, hardware, boards, ...present({ openStream, credentialsOf }) });
        return;
      }
      const open = isElsewhere
        ? await openLinesTo(endpoint, (index) => credentialsOf?.(thingNameOf(prefix, index + 1)))
        : memoryLines(accept);
      const { createLoadFleet } = await import('./load-fleet.ts');
      ownFleet = createLoadFleet({ ...common, open, attempts: attemptsAt(endpoint) });
    },

    /** @returns why the first device could not connect, if so */
    connect: () => fleet().connect(),
    cut: async ({ percent, at }: { readonly percent: number; readonly at: DurationMs }) => fleet().cut(percent, at),
    takeAway: async ({ base, at }: { readonly base: string; readonly at: DurationMs }) => fleet().takeAway(base, at),
    intend: async (intent: Parameters<FleetPart['intend']>[0]) => fleet().intend(intent),

    async look({ takesLatencies }: { readonly takesLatencies: boolean }): Promise<PartReport> {
      // Asked first: what the service was told of until then is in its report, and so is what it had answered before.
      const unanswered = ownService?.unanswered ?? 0;
      const others = (await ownService?.usages()) ?? [];
      const { user, system } = process.cpuUsage();
      const loop = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(loop, lastLoop);
      lastLoop = loop;
      const lateMs = Math.max(0, delay.max / 1e6);
      delay.reset();
      return {
        ...(ownService && { service: { ...ownService.report(), unanswered } }),
        ...(ownFleet && { fleet: ownFleet.report(takesLatencies) }),
        cpuMs: (user + system) / 1000,
        bytes: process.memoryUsage.rss(),
        busy: utilization,
        lateMs: Number.isFinite(lateMs) ? lateMs : 0,
        ...(others.length > 0 && { others }),
      };
    },

    async close() {
      delay.disable();
      await ownFleet?.close();
      await ownDoor?.close();
      await ownService?.close();
    },
  };
}

type Names = Pick<FleetShare, 'first' | 'count' | 'prefix'>;

function namesOf({ first, count, prefix }: Names): readonly string[] {
  return Array.from({ length: count }, (_, n) => thingNameOf(prefix, first + n + 1));
}

/** Each process reads those of its share. */
async function readCredentialsFor({ certs, ...share }: OpenFleet): Promise<FleetOptions['credentialsOf'] | undefined> {
  if (certs === undefined) return undefined;
  const { readCredentials } = await import('../files/certificate-files.ts');
  const credentials = await readCredentials(certs, namesOf(share));
  return (thingName) => credentials.get(thingName);
}

async function openLinesTo(endpoint: string, credentialsOf: CredentialsOf): Promise<OpenLine> {
  const { linesTo } = await import('./network-lines.ts');
  return linesTo(endpoint, credentialsOf);
}

/** A stream whose other end a service of this process has. */
function duplexTo(accept: (stream: Duplex) => void): Duplex {
  const [ours, theirs] = duplexPair();
  accept(theirs);
  return ours;
}

function opened<Thing>(thing: Thing | undefined, name: string): Thing {
  if (thing === undefined) throw new Error(`the ${name} is not open`);
  return thing;
}
