/**
 * Makes a failing configuration as small as it gets: takes away one thing at a time (a fault, an operator's action, a
 * device, time) and keeps what still fails. Greedy and bounded; knows nothing of runs, only whether a configuration fails.
 */
import type { RunConfiguration } from './configuration.ts';

/** @param maxTrials how many configurations may be tried. */
export function minimize(
  configuration: RunConfiguration,
  fails: (candidate: RunConfiguration) => boolean,
  maxTrials = 500,
): RunConfiguration {
  let smallest = configuration;
  let trials = 0;
  for (;;) {
    let smaller: RunConfiguration | undefined;
    for (const candidate of candidates(smallest)) {
      if (trials === maxTrials) return smallest;
      trials += 1;
      if (!fails(candidate)) continue;
      smaller = candidate;
      break;
    }
    if (smaller === undefined) return smallest;
    smallest = smaller;
  }
}

/** Every configuration that is one step smaller, the big steps first. */
function* candidates(from: RunConfiguration): Generator<RunConfiguration> {
  const { things, operator, faults, namespaces, safetyMs, link } = from;
  if (faults.faults.length > 1) yield { ...from, faults: { faults: [] } };
  if (things.length > 1) {
    for (const { thingName } of things) yield withoutThing(from, thingName);
  }
  for (const fewer of withoutOne(faults.faults)) yield { ...from, faults: { faults: fewer } };
  for (const actions of withoutOne(operator)) yield { ...from, operator: actions };
  if (things.some(({ session }) => session !== undefined)) {
    yield { ...from, things: things.map(({ thingName, hardware }) => ({ thingName, hardware })) };
  }
  if (namespaces.length > 0) yield { ...from, namespaces: [] };
  if (link.jitterMs > 0) yield { ...from, link: { ...link, jitterMs: 0 } };
  if (safetyMs > 1000) yield { ...from, safetyMs: Math.floor(safetyMs / 2) };
  for (const [index, fault] of faults.faults.entries()) {
    if (!('times' in fault) || fault.times === 1) continue;
    yield { ...from, faults: { faults: faults.faults.with(index, { ...fault, times: 1 }) } };
  }
}

function withoutThing(from: RunConfiguration, thingName: string): RunConfiguration {
  return {
    ...from,
    things: from.things.filter((thing) => thing.thingName !== thingName),
    operator: from.operator.flatMap((action) => {
      const { deed, when } = action;
      if ('thingName' in when && when.thingName === thingName) return [];
      if ('thingName' in deed && deed.thingName === thingName) return [];
      if (deed.kind !== 'create-job' || deed.things === undefined) return [action];
      const things = deed.things.filter((name) => name !== thingName);
      return things.length === 0 ? [] : [{ when, deed: { ...deed, things } }];
    }),
  };
}

function* withoutOne<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (const index of items.keys()) yield items.toSpliced(index, 1);
}
