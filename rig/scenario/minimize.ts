/**
 * Makes a failing scenario as small as it gets: takes away one thing at a time (a fault, what an operator does, a device, time)
 * and keeps what still fails. Greedy and bounded; plays nothing: whoever asks says whether a scenario fails.
 */
import type { Deed, Entry, Scenario, ThingLabel } from './contract.ts';

/** @param maxTrials how many scenarios may be tried. */
export function minimize(scenario: Scenario, fails: (candidate: Scenario) => boolean, maxTrials = 500): Scenario {
  let smallest = scenario;
  let trials = 0;
  for (;;) {
    let smaller: Scenario | undefined;
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

/** Every scenario that is one step smaller, the big steps first. */
function* candidates(from: Scenario): Generator<Scenario> {
  const { given, meanwhile, script } = from;
  const { things, namespaces, link } = given;
  const { faults } = given.faults;
  const withGiven = (change: Partial<Scenario['given']>): Scenario => ({ ...from, given: { ...given, ...change } });
  if (faults.length > 1) yield withGiven({ faults: { faults: [] } });
  if (things.length > 1) for (const { thing } of things) yield withoutThing(from, thing);
  for (const fewer of withoutOne(faults)) yield withGiven({ faults: { faults: fewer } });
  for (const fewer of withoutOne(meanwhile)) yield { ...from, meanwhile: fewer };
  for (const [index, entry] of script.entries()) {
    // Without their end the faults would never let anything come to rest.
    const isNeeded = script.length === 1 || entry.deeds.some((deed) => deed.do === 'end-faults');
    if (!isNeeded) yield withoutScriptEntry(from, index);
  }
  if (things.some(({ session }) => session !== undefined)) {
    yield withGiven({ things: things.map((thing) => withoutMember(thing, 'session')) });
  }
  if (namespaces.length > 0) yield withoutNamespaces(from);
  if (link !== undefined && link.jitterMs > 0) yield withGiven({ link: { ...link, jitterMs: 0 } });
  yield* withLessTime(from);
  for (const [index, fault] of faults.entries()) {
    if (!('times' in fault) || fault.times === 1) continue;
    yield withGiven({ faults: { faults: faults.with(index, { ...fault, times: 1 }) } });
  }
  yield* withSimplerTriggers(from);
}

/** Of a job that is made no more, or only earlier, no ending is expected any more. */
function withoutScriptEntry(from: Scenario, index: number): Scenario {
  const made = new Set(from.script[index]?.deeds.flatMap((deed) => (deed.do === 'create-job' ? [deed.job] : [])) ?? []);
  return {
    ...from,
    script: from.script.toSpliced(index, 1),
    expect: from.expect.filter(({ job }) => !made.has(job)),
  };
}

function withoutThing(from: Scenario, label: ThingLabel): Scenario {
  const entriesWithout = (entries: readonly Entry[]): readonly Entry[] =>
    entries.flatMap((entry) => {
      if (entry.when?.thing === label) return [];
      const deeds = entry.deeds.flatMap((deed) => deedWithout(deed, label));
      return deeds.length === 0 && entry.deeds.length > 0 ? [] : [{ ...entry, deeds }];
    });
  return {
    ...from,
    given: { ...from.given, things: from.given.things.filter(({ thing }) => thing !== label) },
    script: entriesWithout(from.script),
    meanwhile: entriesWithout(from.meanwhile),
    expect: from.expect.filter(({ thing }) => thing !== label),
  };
}

function deedWithout(deed: Deed, label: ThingLabel): readonly Deed[] {
  if ('thing' in deed && deed.thing === label) return [];
  if (deed.do !== 'create-job' || deed.things === undefined) return [deed];
  const things = deed.things.filter((thing) => thing !== label);
  return things.length === 0 ? [] : [{ ...deed, things }];
}

/** All jobs are in the plain queue. */
function withoutNamespaces(from: Scenario): Scenario {
  return {
    ...from,
    given: { ...from.given, namespaces: [] },
    script: plain(from.script),
    meanwhile: plain(from.meanwhile),
  };
}

function plain(entries: readonly Entry[]): readonly Entry[] {
  return entries.map((entry) => ({
    ...entry,
    deeds: entry.deeds.map((deed) => ('namespace' in deed ? withoutMember(deed, 'namespace') : deed)),
  }));
}

function withoutMember<Value extends object>(value: Value, member: keyof Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== member)) as Value;
}

/** The time in which things may go wrong, halved. */
function* withLessTime(from: Scenario): Generator<Scenario> {
  for (const [index, { when, deeds }] of from.script.entries()) {
    if (when?.on !== 'at' || when.atMs <= 1000) continue;
    const earlier = { when: { ...when, atMs: Math.floor(when.atMs / 2) }, deeds };
    yield { ...from, script: from.script.with(index, earlier) };
  }
}

/** The first time instead of a later one; at once instead of a while later. */
function* withSimplerTriggers(from: Scenario): Generator<Scenario> {
  for (const [index, { when, deeds }] of from.meanwhile.entries()) {
    if (when === undefined) continue;
    for (const [member, usual] of [
      ['nth', 1],
      ['afterMs', 0],
    ] as const) {
      if ((when[member] ?? usual) <= usual) continue;
      yield { ...from, meanwhile: from.meanwhile.with(index, { when: withoutMember(when, member), deeds }) };
    }
  }
}

function* withoutOne<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (const index of items.keys()) yield items.toSpliced(index, 1);
}
