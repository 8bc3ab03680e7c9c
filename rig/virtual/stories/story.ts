/**
 * A story: one fault told on purpose, as data, in virtual time. A swarm run has everything at random; a story has one
 * device, a moment and what happens then, so that a failure has a name. What a device that is well does is the same in all of
 * them: it ends quiet, with nothing pending, within the time of the story, and takes the canary that follows.
 */
import type { Fault } from '../../../faults/plan.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Expectation } from '../../verdict/contract.ts';
import type { OperatorAction, RunConfiguration } from '../configuration.ts';

export interface Story {
  /** Stable: reports and the zoo name it. */
  readonly id: string;
  /** What happens, and what a device that is well makes of it. */
  readonly claim: string;
  readonly actions: readonly OperatorAction[];
  readonly faults: readonly Fault[];
  readonly thingName: string;
  /** Name of a hardware profile. */
  readonly hardware: string;
  readonly wire: RunConfiguration['wire'];
  /** Of what is left to chance, e.g. how long the flash takes. Default 1. */
  readonly seed?: number;
  /** How its jobs must end, within the time of the story. */
  readonly expect: readonly Omit<Expectation, 'thingName'>[];
}

/** Everything must be quiet so long after the start. Shorter than the pause between two polls of an idle agent. */
export const settledMs: DurationMs = 600_000;

export function configurationOf({ actions, faults, thingName, hardware, wire, seed = 1 }: Story): RunConfiguration {
  return {
    seed,
    things: [{ thingName, hardware }],
    namespaces: [],
    link: { latencyMs: 30, jitterMs: 0 },
    faults: { faults },
    operator: actions,
    safetyMs: settledMs,
    wire,
  };
}
