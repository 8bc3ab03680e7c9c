/**
 * An engine that refuses what comes faster than AWS would take it (`--strict`): one bucket of tokens for each operation, and
 * one each for what devices read and write, over MQTT and HTTP together. Counts in service time, per account; a refused
 * command takes no token. How much AWS lets through at once is not published; assumed: one second's worth.
 * Source: reference limits.md §3.
 */
import { type EpochMs, msPerSecond } from '../protocol/time.ts';
import type { CommandOf, Engine, OperationName, Outcome, Rejected } from './engine/contract.ts';

/** Commands per second, by bucket. Control-plane operations that are not named here have {@link defaultRate}. */
const rates: Readonly<Record<string, number>> = {
  'device reads': 200,
  'device writes': 200,
  'iot:CreateThing': 100,
  'iot:UpdateThing': 100,
  'iot:DeleteThing': 100,
  'iot:DescribeThing': 350,
  'iot:CreateThingGroup': 25,
  'iot:ListThingsInThingGroup': 25,
  'iot:DescribeThingGroup': 100,
  'iot:DeleteThingGroup': 15,
  'iot:UpdateThingGroup': 15,
  'iot:AddThingToThingGroup': 100,
  'iot:RemoveThingFromThingGroup': 100,
  'iot:ListThingGroupsForThing': 100,
  // Assumed: that of most regions, for each operation; reads and writes may share it.
  'iot:GetThingShadow': 400,
  'iot:UpdateThingShadow': 400,
  'iot:DeleteThingShadow': 400,
};

const defaultRate = 10;

const sharedBuckets: { readonly [Name in OperationName]?: string } = {
  'iotjobsdata:DescribeJobExecution': 'device reads',
  'iotjobsdata:GetPendingJobExecutions': 'device reads',
  'iotjobsdata:StartNextPendingJobExecution': 'device writes',
  'iotjobsdata:UpdateJobExecution': 'device writes',
};

/** No operations of AWS's, asked by the service itself; what AWS allows for streams is not published. */
const unlimited: ReadonlySet<OperationName> = new Set([
  'jobrig:Wake',
  'jobrig:DescribePrincipal',
  'jobrig:DescribeNotifications',
  'jobrig:OpenStream',
]);

const refused: Rejected = { accepted: false, code: 'RequestThrottled', message: 'Rate exceeded' };

interface Bucket {
  readonly rate: number;
  tokens: number;
  filledAt: EpochMs;
}

export function throttled(engine: Engine): Engine {
  const buckets = new Map<string, Bucket>();

  function mayPass(name: OperationName, now: EpochMs): boolean {
    if (unlimited.has(name)) return true;
    const key = sharedBuckets[name] ?? name;
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      const rate = rates[key] ?? defaultRate;
      bucket = { rate, tokens: rate, filledAt: now };
      buckets.set(key, bucket);
    }
    const earned = ((now - bucket.filledAt) / msPerSecond) * bucket.rate;
    bucket.tokens = Math.min(bucket.rate, bucket.tokens + earned);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  return {
    apply<Name extends OperationName>(command: CommandOf<Name>, now: EpochMs): Outcome<Name> {
      return mayPass(command.name, now) ? engine.apply(command, now) : { reply: refused, changes: [], effects: [] };
    },
    nextDeadline: () => engine.nextDeadline(),
    rows: () => engine.rows(),
  };
}
