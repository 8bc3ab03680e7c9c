/**
 * An engine under test with a clock that only moves when told to: commands that must be accepted, commands that must be
 * refused and then leave no trace, and what a device heard. After every command the checkers of the simulation judge it (E1–E9),
 * so a test fails on any of them, whatever it is about.
 */
import { expect } from 'vitest';
import type {
  Change,
  Command,
  CommandOf,
  Effect,
  Engine,
  NotifyEffect,
  NotifyNextEffect,
  OperationName,
  Outcome,
  Rejected,
  ResponseOf,
} from '../../broker/engine/contract.ts';
import { createEngine, type EngineOptions } from '../../broker/engine/engine.ts';
import { profiles } from '../../broker/engine/profile.ts';
import { createEngineJudge, type EngineJudge } from '../../rig/verdict/engine/engine-judge.ts';
import { formatThingArn, formatThingGroupArn } from '../../protocol/names.ts';
import type { EpochMs } from '../../protocol/time.ts';

const identity = { region: 'eu-west-1', account: '123456789012' };
export const document = '{"operation":"reboot"}';
export const thingArn = (thingName: string): string => formatThingArn(identity, thingName);
export const groupArn = (groupName: string): string => formatThingGroupArn(identity, groupName);

type Request<Name extends OperationName> = CommandOf<Name>['request'];

export class World {
  readonly engine: Engine;
  readonly #checker: EngineJudge;
  now: EpochMs;
  /** Effects of every accepted command, in order. */
  heard: Effect[] = [];

  constructor(
    rows: Iterable<Required<Change>> = [],
    now = 1_700_000_000_000,
    options: Omit<EngineOptions, 'identity' | 'rows'> = {},
  ) {
    const kept = [...rows];
    const engine = createEngine({ identity, rows: kept, ...options });
    this.#checker = createEngineJudge(engine, failTest, options.profile ?? profiles.observed);
    this.#checker.adopt(kept);
    this.engine = {
      ...engine,
      apply: (command, at) => {
        const outcome = engine.apply(command, at);
        this.#checker.check(command as Command, outcome as Outcome, at);
        return outcome;
      },
    };
    this.now = now;
  }

  /** Compares everything once: lists, counts, queues and rows. Nothing may be asked afterwards. */
  finish(): void {
    this.#checker.finish(this.now);
  }

  apply<Name extends OperationName>(name: Name, request: Request<Name>): Outcome<Name> {
    const outcome = this.engine.apply({ name, request } as CommandOf<Name>, this.now);
    this.heard.push(...outcome.effects);
    return outcome;
  }

  /** @returns what the command answers; a refusal fails the test. */
  ok<Name extends OperationName>(name: Name, request: Request<Name>): ResponseOf<Name> {
    const { reply } = this.apply(name, request);
    if (!reply.accepted) throw new Error(`${name} is refused: ${reply.code}: ${reply.message}`);
    return reply.response;
  }

  /** @returns the refusal, which must have left everything as it was. */
  refused<Name extends OperationName>(name: Name, request: Request<Name>): Rejected {
    const before = plain([...this.engine.rows()]);
    const { reply, changes, effects } = this.apply(name, request);
    if (reply.accepted) throw new Error(`${name} is accepted`);
    expect(changes).toEqual([]);
    expect(effects).toEqual([]);
    expect(plain([...this.engine.rows()])).toEqual(before);
    return reply;
  }

  /** Moves the clock and does what falls due on the way. */
  pass(ms: number): void {
    this.now += ms;
    this.settle();
  }

  /** Wakes until nothing is due. @returns how often. */
  settle(): number {
    let wakes = 0;
    for (let due = this.engine.nextDeadline(); due !== undefined && due <= this.now; due = this.engine.nextDeadline()) {
      this.ok('jobrig:Wake', {});
      wakes += 1;
    }
    return wakes;
  }

  things(...names: readonly string[]): void {
    for (const thingName of names) this.ok('iot:CreateThing', { thingName });
  }

  group(thingGroupName: string, ...members: readonly string[]): void {
    this.ok('iot:CreateThingGroup', { thingGroupName });
    for (const thingName of members) this.join(thingName, thingGroupName);
  }

  join(thingName: string, thingGroupName: string): void {
    this.ok('iot:AddThingToThingGroup', { thingName, thingGroupName });
  }

  leave(thingName: string, thingGroupName: string): void {
    this.ok('iot:RemoveThingFromThingGroup', { thingName, thingGroupName });
  }

  job(jobId: string, targets: readonly string[], more: Partial<Request<'iot:CreateJob'>> = {}): void {
    this.ok('iot:CreateJob', { jobId, targets, document, ...more });
  }

  update(
    thingName: string,
    jobId: string,
    status: Request<'iotjobsdata:UpdateJobExecution'>['status'],
    more: Partial<Request<'iotjobsdata:UpdateJobExecution'>> = {},
  ): void {
    this.ok('iotjobsdata:UpdateJobExecution', { thingName, jobId, status, ...more });
  }

  start(thingName: string): ResponseOf<'iotjobsdata:StartNextPendingJobExecution'> {
    return this.ok('iotjobsdata:StartNextPendingJobExecution', { thingName });
  }

  /** The execution as the control plane shows it, `undefined` when there is none. */
  execution(jobId: string, thingName: string, executionNumber?: number) {
    const { reply } = this.apply('iot:DescribeJobExecution', { jobId, thingName, executionNumber });
    return reply.accepted ? reply.response.execution : undefined;
  }

  jobOf(jobId: string) {
    const { reply } = this.apply('iot:DescribeJob', { jobId });
    return reply.accepted ? reply.response.job : undefined;
  }

  /** Ids of the pending list as the device gets it. */
  pending(thingName: string, namespaceId?: string): { inProgress: string[]; queued: string[] } {
    const { inProgress, queued } = this.ok('iotjobsdata:GetPendingJobExecutions', { thingName, namespaceId });
    return { inProgress: inProgress.map(({ jobId }) => jobId), queued: queued.map(({ jobId }) => jobId) };
  }

  /** What was said since the last call, in short: `notify thing [in progress] [queued]`, `notify-next thing job vN`. */
  said(): string[] {
    const said = this.heard.map(inShort);
    this.heard = [];
    return said;
  }
}

function failTest(claim: string, message: string, thingName?: string): never {
  throw new Error(`${claim} ${thingName === undefined ? '' : `of ${thingName} `}is broken: ${message}`);
}

function inShort(effect: Effect): string {
  switch (effect.kind) {
    case 'notify':
      return `notify ${device(effect)} [${ids(effect.inProgress)}] [${ids(effect.queued)}]`;
    case 'notify-next':
      return `notify-next ${device(effect)} ${head(effect)}`;
    case 'event':
      return `event ${effect.topic}`;
    case 'principal':
      return `principal ${effect.certificateId}`;
  }
}

function device({ thingName, namespaceId }: NotifyEffect | NotifyNextEffect): string {
  return namespaceId === undefined ? thingName : `${thingName}/${namespaceId}`;
}

function ids(executions: NotifyEffect['queued']): string {
  return executions
    .map(({ jobId, executionNumber }) => jobId + (executionNumber > 1 ? `#${executionNumber}` : ''))
    .join();
}

function head({ head: execution }: NotifyNextEffect): string {
  return execution === undefined ? '-' : `${ids([execution])} ${execution.status} v${execution.versionNumber}`;
}

/** As JSON has it: absent and `undefined` are the same. */
export function plain<Value>(value: Value): Value {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);
}

/** A store: keeps the rows that changes leave behind. */
export class Rows {
  readonly #rows = new Map<string, Required<Change>>();

  keep(changes: readonly Change[]): void {
    for (const { table, key, row } of plain(changes)) {
      if (row === undefined) this.#rows.delete(`${table}\n${key}`);
      else this.#rows.set(`${table}\n${key}`, { table, key, row });
    }
  }

  /** In an order that says nothing. */
  all(): Required<Change>[] {
    return [...this.#rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change);
  }
}

/** The engine's own rows in the order of {@link Rows.all}. */
export function rowsOf(engine: Engine): Required<Change>[] {
  const rows = new Rows();
  rows.keep([...engine.rows()]);
  return rows.all();
}
