/**
 * What a device does, and what is inside of it, from the deletion of its execution until it has recovered: one scenario played again in
 * virtual time with an eye on one device. Reports set the reference agent beside whoever failed with it; same scenario, same story.
 */
import { type DeviceView, plainView } from '../../observation/inside.ts';
import type { Observation } from '../../observation/observation.ts';
import { observeEvery } from '../../observation/observers.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Scenario } from '../scenario/contract.ts';
import { play } from './play.ts';
import type { Subjects } from './subjects.ts';

export interface InsideStory {
  readonly pulledAt: EpochMs;
  /** When its execution was deleted. */
  readonly before: DeviceView;
  /** When it had recovered, or at the end of a run in which it did not. */
  readonly after: DeviceView;
  /** Absent: it did not. */
  readonly recoveredAt?: EpochMs;
  /** Of this device, from the deletion on. */
  readonly observations: readonly Observation[];
}

/** @param thingName absent: the first of the scenario. @returns `undefined` where no execution of it is deleted while it runs */
export function insideStory(scenario: Scenario, subjects: Subjects, thingName?: string): InsideStory | undefined {
  const { thing: label = '', nameLength = 0 } = scenario.given.things[0] ?? {};
  const watched = thingName ?? label.padEnd(nameLength, 'x');
  let view: (() => DeviceView) | undefined;
  let pulled: { readonly at: EpochMs; readonly before: DeviceView } | undefined;
  let recovered: { readonly at: EpochMs; readonly after: DeviceView } | undefined;
  const observations: Observation[] = [];
  const watch = (seen: Observation): void => {
    if (seen.thingName !== watched || recovered !== undefined) return;
    if (pulled !== undefined) observations.push(seen);
    else if (seen.kind === 'execution' && seen.status === 'DELETED' && seen.force === true && view !== undefined) {
      const before = plainView(view());
      if (before.step !== 'idle') pulled = { at: seen.at, before };
    }
    if (pulled !== undefined && seen.kind === 'traced' && seen.trace.kind === 'recovered' && view !== undefined)
      recovered = { at: seen.at, after: plainView(view()) };
  };
  play(scenario, subjects, {
    observer: {
      ...observeEvery(watch),
      moved(seen) {
        if (seen.thingName === watched) ({ view } = seen);
      },
    },
  });
  if (pulled === undefined || view === undefined) return undefined;
  return {
    pulledAt: pulled.at,
    before: pulled.before,
    after: recovered?.after ?? plainView(view()),
    ...(recovered && { recoveredAt: recovered.at }),
    observations,
  };
}
