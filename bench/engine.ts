/**
 * The engine alone, no I/O: commands per second in the life of device executions, how the cost of a command grows with
 * things and jobs, and for how long deleting a very large job blocks the loop. Runs in the process that calls it, in CPU time,
 * small world and large world in turn. The bars are in figures.ts.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { formatThingArn, formatThingGroupArn } from '../protocol/names.ts';
import type { CommandOf, Engine, OperationName } from '../broker/engine/contract.ts';
import { createEngine } from '../broker/engine/engine.ts';
import { runDelayOf } from './load/run-delay.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
const document = JSON.stringify({ operation: 'firmware', version: '2.0.0' });
const statusDetails = { step: 'write', percent: '50' };
const updatesPerExecution = 5;
const thingsPerJob = 100;

interface World {
  readonly engine: Engine;
  readonly things: readonly string[];
  now: number;
}

function apply<Name extends OperationName>(world: World, name: Name, request: CommandOf<Name>['request']): void {
  const { reply } = world.engine.apply({ name, request }, (world.now += 1));
  if (!reply.accepted) throw new Error(`${name}: ${reply.message}`);
}

/** Every thing has a finished execution of an old job; `jobs` further jobs are open, each with something queued. */
function createWorld(thingCount: number, jobCount: number): World {
  const things = Array.from({ length: thingCount }, (_, index) => `thing-${index}`);
  const world: World = { engine: createEngine({ identity }), things, now: 1_000_000 };
  for (const thingName of things) apply(world, 'iot:CreateThing', { thingName });
  const bystanders = things.slice(-Math.floor(thingCount / 2));
  for (let index = 0; index < jobCount; index += 1) {
    const targets = [formatThingArn(identity, bystanders[index % bystanders.length]!)];
    apply(world, 'iot:CreateJob', { jobId: `open-${index}`, targets, document });
  }
  return world;
}

/** One job for a hundred things: started, updated, finished by each in turn. @returns commands applied. */
function runJob(world: World, jobId: string, things: readonly string[]): number {
  const targets = things.map((thingName) => formatThingArn(identity, thingName));
  apply(world, 'iot:CreateJob', { jobId, targets, document, timeoutConfig: { inProgressTimeoutInMinutes: 60 } });
  for (const thingName of things)
    apply(world, 'iotjobsdata:StartNextPendingJobExecution', { thingName, statusDetails });
  for (let update = 0; update < updatesPerExecution; update += 1) {
    const expectedVersion = 2 + update;
    for (const thingName of things) {
      apply(world, 'iotjobsdata:UpdateJobExecution', {
        thingName,
        jobId,
        status: 'IN_PROGRESS',
        statusDetails,
        expectedVersion,
      });
    }
  }
  for (const thingName of things) {
    apply(world, 'iotjobsdata:UpdateJobExecution', { thingName, jobId, status: 'SUCCEEDED' });
    apply(world, 'iotjobsdata:DescribeJobExecution', { thingName, jobId: '$next' });
  }
  return 1 + things.length * (updatesPerExecution + 3);
}

/** Commands per CPU second over `jobs` jobs, spread over the idle half of the things. */
function measureRate(world: World, prefix: string, jobs: number): number {
  const idle = Math.floor(world.things.length / 2);
  let commands = 0;
  const startedAt = cpuMs();
  for (let index = 0; index < jobs; index += 1) {
    const offset = (index * thingsPerJob) % (idle - thingsPerJob + 1);
    commands += runJob(world, `${prefix}-${index}`, world.things.slice(offset, offset + thingsPerJob));
  }
  return (commands / (cpuMs() - startedAt)) * 1000;
}

/** CPU time of this process, all its threads: what other processes take from the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Longest single command, ms, while a job of that many executions is deleted by force: without what other programs take. */
function measureDeletion(executions: number): { readonly longestMs: number; readonly wakes: number } {
  const world = createWorld(executions, 1);
  const thingGroupName = 'all';
  apply(world, 'iot:CreateThingGroup', { thingGroupName });
  for (const thingName of world.things) apply(world, 'iot:AddThingToThingGroup', { thingGroupName, thingName });
  const targets = [formatThingGroupArn(identity, thingGroupName)];
  apply(world, 'iot:CreateJob', { jobId: 'big', targets, document });
  for (let due = world.engine.nextDeadline(); due !== undefined; due = world.engine.nextDeadline()) {
    world.now = Math.max(world.now, due); // a rollout takes minutes
    apply(world, 'jobrig:Wake', {});
  }
  collectGarbage();
  const delayMs = runDelayOf(process.pid);
  let longestMs = 0;
  let wakes = 0;
  const timed = (work: () => void): void => {
    const [startedAt, delayedBefore] = [performance.now(), delayMs()];
    work();
    longestMs = Math.max(longestMs, performance.now() - startedAt - (delayMs() - delayedBefore));
  };
  timed(() => apply(world, 'iot:DeleteJob', { jobId: 'big', force: true }));
  for (; world.engine.nextDeadline() !== undefined; wakes += 1) timed(() => apply(world, 'jobrig:Wake', {}));
  return { longestMs, wakes };
}

/** So that building the world is not charged to what is measured in it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** Every run of each figure. */
export interface EngineSamples {
  readonly commandsPerSecond: readonly number[];
  /** Cost of a command in a world of 100,000 things and 1,000 jobs ÷ in one of 1,000 things and 10 jobs. */
  readonly growth: readonly number[];
  readonly deletionLongestMs: readonly number[];
}

export function measureEngine(runs: number): EngineSamples {
  const small = createWorld(1_000, 10);
  const large = createWorld(100_000, 1_000);
  const commandsPerSecond: number[] = [];
  const growth: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const smallRate = measureRate(small, `s${run}`, 200);
    const largeRate = measureRate(large, `l${run}`, 200);
    if (run === 0) continue; // warming up
    commandsPerSecond.push(smallRate);
    growth.push(smallRate / largeRate);
  }
  const deletionLongestMs = Array.from({ length: runs }, () => measureDeletion(100_000).longestMs);
  return { commandsPerSecond, growth, deletionLongestMs };
}
