/**
 * A scenario in a form that suits the device. One that goes from QUEUED straight to its end never shows that it has begun:
 * what waits for that is done somewhat after the job was made, when this device is at work by its own pace. The judge sees the same
 * as ever. What means something only of a job in progress is not played.
 */
import type { Entry, Scenario, Trigger } from '../../scenario/contract.ts';
import type { Portrait } from './portrait.ts';

/** Where in its own update a device surely is at work: neither at the first request nor at the report. */
const intoTheWork = 0.4;
const neverInProgress =
  'the device goes from QUEUED straight to its end, and a job that is not in progress is canceled also without force';

/** @returns the reason in words where no form of it suits */
export function suited(scenario: Scenario, portrait: Portrait): Scenario | string {
  if (!portrait.skipsInProgress) return scenario;
  const entries = [...scenario.script, ...scenario.meanwhile];
  if (!entries.some(({ when }) => isBegun(when))) return scenario;
  const spares = entries.some(({ deeds }) => deeds.some((deed) => 'force' in deed && !deed.force));
  if (spares) return neverInProgress;
  const { updateMs = 0, noticeMs = 0 } = portrait;
  const intoMs = Math.round(noticeMs + intoTheWork * (updateMs - noticeMs));
  const suit = (entry: Entry): Entry =>
    entry.when !== undefined && isBegun(entry.when)
      ? { ...entry, when: { ...entry.when, status: 'QUEUED', afterMs: intoMs } }
      : entry;
  return { ...scenario, script: scenario.script.map(suit), meanwhile: scenario.meanwhile.map(suit) };
}

function isBegun(when: Trigger | undefined): when is Extract<Trigger, { on: 'execution' }> {
  return when?.on === 'execution' && when.status === 'IN_PROGRESS';
}
