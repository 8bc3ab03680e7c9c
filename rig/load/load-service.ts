/**
 * The service of a load run and who operates it: things are registered and jobs rolled out through the port that doors use, in
 * this process or over a link, since a control plane over HTTP would be the limit of a large run. What becomes of executions is
 * counted here, to be held against what the fleet counted.
 */
import type { Duplex } from 'node:stream';
import type { CommandOf, OperationName } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import type { ExecutionCount } from '../../broker/processes/contract.ts';
import type { ProcessUsage } from '../../broker/processes/process-usage.ts';
import type { FaultPlan } from '../../faults/plan.ts';
import { formatThingGroupArn } from '../../protocol/names.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { JobCounts, Pacing } from './contract.ts';
import { onlyPlain } from '../live/own-service.ts';
import { type Flights, startFlights } from './pacing.ts';
import { type OrderOfDoor, openHost } from './service-host.ts';

export interface LoadServiceOptions {
  readonly faults: FaultPlan;
  readonly seed: number;
  readonly dataDir?: string;
  /** Doors in processes of their own; default 0: all is in this one. */
  readonly doors?: number;
  /** Those are the fleet's. */
  readonly doorsAreElsewhere?: boolean;
  readonly now: () => DurationMs;
}

export interface RolloutPlan {
  /** Ids of its jobs, one for each round, are this and 0, 1, … */
  readonly base: string;
  readonly things: readonly string[];
  /** Executions of each thing; absent: until it is stopped. */
  readonly rounds?: number;
  readonly pacing: Pacing;
  /** When its first execution is meant to begin. */
  readonly fromMs: DurationMs;
  readonly document: string;
  /** An execution that is IN_PROGRESS makes room for the next: it will not be over by itself. */
  readonly holds: boolean;
}

export interface ServiceReport {
  readonly jobs: Readonly<Record<string, JobCounts>>;
  /** What was asked of it and is not answered yet, and so perhaps not counted in `jobs`. */
  readonly unanswered: number;
  /** Open loop: by how much the next beginning is late, and whether those of a rollout that is over took too long. */
  readonly lateMs: DurationMs;
  readonly fellBehind: boolean;
  /** Processes of it that have ended in the middle, and were started again, in words. */
  readonly ended: Readonly<Record<string, number>>;
  /** Why it cannot go on: its engine, which keeps nothing here, has ended. */
  readonly failed?: string;
}

export interface LoadService {
  /** Absent: there are no ports for devices. */
  readonly mqttUrl: string | undefined;
  readonly pageUrl: string | undefined;
  readonly orders: readonly OrderOfDoor[];
  doorsOpened(endpoints: Readonly<Record<string, string>>): void;
  accept(stream: Duplex): void;
  createThings(names: readonly string[]): Promise<void>;
  rollout(plan: RolloutPlan): void;
  /** No more executions begin. */
  stopRollouts(): void;
  cancelJobs(base: string, force: boolean): void;
  deleteJobs(base: string, force: boolean): void;
  /** Of its processes beside this one. */
  usages(): Promise<readonly ProcessUsage[]>;
  /** What was asked of it and is not answered yet. What is answered is counted in a report once `usages` has been asked after it. */
  readonly unanswered: number;
  report(): Omit<ServiceReport, 'unanswered'>;
  close(): Promise<void>;
}

/** A thing may be in ten groups at most, so those of rounds that are over go. Source: docs/reference/limits.md. */
const groupsKept = 3;
const mostGroups = 8;
const deletesAgainMs = 20;
const identity = { region: 'us-east-1', account: '000000000000' };

interface Counted {
  /** Asked for; those over a link are made, and counted, later. */
  begun: number;
  isTakenAway: boolean;
  made: number;
  started: number;
  succeeded: number;
  failed: number;
  canceled: number;
  gone: number;
}

interface Rollout {
  readonly plan: RolloutPlan;
  /** Absent: the service rolls out by itself. */
  flights?: Flights;
  readonly jobIds: string[];
}

export async function openLoadService(options: LoadServiceOptions): Promise<LoadService> {
  const { faults, seed, dataDir, doors = 0, doorsAreElsewhere = false, now } = options;
  const jobs = new Map<string, Counted>();
  const rollouts: Rollout[] = [];
  const byJob = new Map<string, Rollout>();
  const groups: { readonly jobId: string; readonly name: string }[] = [];

  let whyOver: string | undefined;
  const ended: Record<string, number> = {};

  const host = await openHost({
    service: {
      ...identity,
      ...onlyPlain,
      seed,
      ...(dataDir !== undefined && { dataDir }),
      ...(faults.faults.length > 0 && { faults }),
      ...(doors > 0 && { onFailure: (error: unknown) => (whyOver ??= String(error)) }),
    },
    doors,
    doorsAreElsewhere,
    count,
    about: `seed ${seed}`,
    onEnded(name, how) {
      const what = `${name} ended (${how})`;
      ended[what] = (ended[what] ?? 0) + 1;
      if (name === 'engine' && dataDir === undefined) whyOver ??= `the engine's process ended in the middle (${how})`;
    },
  });
  const { port } = host;
  let unanswered = 0;
  let isClosed = false;
  const accepted = (): void => void (unanswered -= 1);
  const refused = (reason: string): void => {
    unanswered -= 1;
    whyOver ??= reason;
  };
  const ask: Ask = (name, request) => {
    if (whyOver !== undefined) return;
    unanswered += 1;
    askAt(port, name, request, refused, accepted);
  };

  function count({ jobId, status, versionNumber, count: more }: ExecutionCount): void {
    const counted = jobs.get(jobId);
    if (counted === undefined) return;
    const rollout = byJob.get(jobId);
    switch (status) {
      case 'QUEUED':
        if (versionNumber === 1) counted.made += more;
        return;
      case 'IN_PROGRESS':
        if (versionNumber !== 2) return;
        counted.started += more;
        if (rollout?.plan.holds === true) rollout.flights?.landed(more);
        return;
      case 'DELETED':
        counted.gone += more;
        return;
      case 'CANCELED':
        counted.canceled += more;
        break;
      case 'SUCCEEDED':
        counted.succeeded += more;
        break;
      default:
        counted.failed += more;
    }
    if (rollout?.plan.holds === false) rollout.flights?.landed(more);
  }

  /** @returns false while too many groups are still in use */
  function createRound(rollout: Rollout, round: number): boolean {
    const { base, document } = rollout.plan;
    const jobId = `${base}${round}`;
    while (groups.length >= groupsKept && isJobOver(groups[0]!.jobId)) {
      ask('iot:DeleteThingGroup', { thingGroupName: groups.shift()!.name });
    }
    if (groups.length >= mostGroups) return false;
    createJob(rollout, jobId, document);
    return true;
  }

  function createJob(rollout: Rollout, jobId: string, document: string, thingNames: readonly string[] = []): void {
    const name = `load-group-${jobId}`;
    groups.push({ jobId, name });
    ask('iot:CreateThingGroup', { thingGroupName: name });
    for (const thingName of thingNames) ask('iot:AddThingToThingGroup', { thingGroupName: name, thingName });
    jobs.set(jobId, {
      begun: thingNames.length,
      isTakenAway: false,
      made: 0,
      started: 0,
      succeeded: 0,
      failed: 0,
      canceled: 0,
      gone: 0,
    });
    byJob.set(jobId, rollout);
    rollout.jobIds.push(jobId);
    ask('iot:CreateJob', {
      jobId,
      targets: [formatThingGroupArn(identity, name)],
      targetSelection: 'CONTINUOUS',
      document,
    });
  }

  function isJobOver(jobId: string): boolean {
    const counted = jobs.get(jobId);
    if (counted === undefined) return true;
    const { begun, isTakenAway, made, succeeded, failed, canceled, gone } = counted;
    const wanted = isTakenAway ? made : Math.max(begun, made);
    return gone >= wanted || succeeded + failed + canceled >= wanted;
  }

  /** The service deletes ten jobs at once at most. Source: docs/reference/limits.md §1. */
  function deleteWhenThereIsRoom(jobId: string, force: boolean): void {
    if (whyOver !== undefined || isClosed) return;
    unanswered += 1;
    port.submit({ name: 'iot:DeleteJob', request: { jobId, force } }, (reply) => {
      if (reply.accepted) return accepted();
      if (reply.code !== 'LimitExceeded') return refused(`iot:DeleteJob: ${reply.code}: ${reply.message}`);
      setTimeout(() => {
        unanswered -= 1;
        deleteWhenThereIsRoom(jobId, force);
      }, deletesAgainMs);
    });
  }

  /** No more of its executions begin. @returns the ids of its jobs */
  function stopRollout(base: string): readonly string[] {
    return rollouts
      .filter(({ plan }) => plan.base === base)
      .flatMap(({ flights, jobIds }) => {
        flights?.stop();
        return jobIds;
      });
  }

  return {
    mqttUrl: host.mqttUrl,
    get pageUrl() {
      return host.pageUrl;
    },
    orders: host.orders,
    doorsOpened: (endpoints) => host.doorsOpened(endpoints),
    accept: (stream) => host.accept(stream),
    createThings: (names) => createThingsAt(port, names),
    usages: () => host.usages(),
    rollout(plan) {
      const { things, rounds = Infinity, pacing, fromMs } = plan;
      const jobIds: string[] = [];
      const rollout: Rollout = { plan, jobIds };
      rollouts.push(rollout);
      if (pacing.kind === 'service') {
        createJob(rollout, `${plan.base}0`, plan.document, things);
        return;
      }
      rollout.flights = startFlights({
        pacing,
        total: things.length * rounds,
        fromMs,
        now,
        begin(index) {
          const round = Math.floor(index / things.length);
          if (round === jobIds.length && !createRound(rollout, round)) return false;
          const jobId = jobIds[round]!;
          jobs.get(jobId)!.begun += 1;
          const thingGroupName = `load-group-${jobId}`;
          ask('iot:AddThingToThingGroup', { thingGroupName, thingName: things[index % things.length]! });
          return true;
        },
      });
    },
    stopRollouts() {
      for (const { flights } of rollouts) flights?.stop();
    },
    cancelJobs(base, force) {
      for (const jobId of stopRollout(base)) {
        const counted = jobs.get(jobId)!;
        // Over or not: what it has made may be counted later. A second time it would be refused.
        if (!counted.isTakenAway) ask('iot:CancelJob', { jobId, force });
        counted.isTakenAway = true;
      }
    },
    deleteJobs(base, force) {
      for (const jobId of stopRollout(base)) {
        jobs.get(jobId)!.isTakenAway = true;
        deleteWhenThereIsRoom(jobId, force);
      }
    },
    get unanswered() {
      return unanswered;
    },
    report() {
      const told = Object.fromEntries(
        [...jobs].map(([jobId, { made, started, succeeded, failed, canceled, gone }]) => {
          const pulled = canceled + Math.max(0, gone - succeeded - failed - canceled);
          return [jobId, { made, started, succeeded, failed, pulled }];
        }),
      );
      return {
        jobs: told,
        lateMs: Math.max(0, ...rollouts.map(({ flights }) => flights?.lateMs ?? 0)),
        fellBehind: rollouts.some(({ flights }) => flights?.fellBehind === true),
        ended: { ...ended },
        ...(whyOver !== undefined && { failed: whyOver }),
      };
    },
    close() {
      isClosed = true;
      for (const { flights } of rollouts) flights?.stop();
      return host.close();
    },
  };
}

/** Asked at once: over a link more would wait there than it lets wait. */
const thingsAtOnce = 5000;

/** Registers things without a wire, thousands in a second. @param groupName one group for all of them */
export async function createThingsAt(port: ServicePort, names: readonly string[], groupName?: string): Promise<void> {
  if (groupName !== undefined) await answered(port, 'iot:CreateThingGroup', { thingGroupName: groupName });
  for (let from = 0; from < names.length; from += thingsAtOnce) {
    const created = names.slice(from, from + thingsAtOnce).map(async (thingName) => {
      await answered(port, 'iot:CreateThing', { thingName });
      if (groupName === undefined) return;
      await answered(port, 'iot:AddThingToThingGroup', { thingGroupName: groupName, thingName });
    });
    await Promise.all(created);
  }
}

type Ask = <Name extends OperationName>(name: Name, request: CommandOf<Name>['request']) => void;

/** A refusal is a mistake of the load run, since nobody else operates this service, or the end of the engine. */
function askAt<Name extends OperationName>(
  port: ServicePort,
  name: Name,
  request: CommandOf<Name>['request'],
  refused: (reason: string) => void,
  accepted: () => void,
): void {
  port.submit({ name, request } as CommandOf<Name>, (reply) => {
    if (reply.accepted) accepted();
    else refused(`${name}: ${reply.code}: ${reply.message}`);
  });
}

function answered<Name extends OperationName>(
  port: ServicePort,
  name: Name,
  request: CommandOf<Name>['request'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    askAt(port, name, request, (reason) => reject(new Error(reason)), resolve);
  });
}
