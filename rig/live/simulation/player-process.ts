/** A process that plays scenarios for another one (players.ts). */
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import { serveParent } from '../../process/serve-parent.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { type Subjects, realSubjects } from '../../virtual/subjects.ts';
import { readAgent } from '../agents.ts';
import { createBounded } from '../bounded.ts';
import { type RunOutcome, playToOutcome } from './run-outcome.ts';

export type PlayerQuestions = typeof questions;

/** What devices are in scenarios that do not say. */
export interface PlayedDevices {
  readonly hardware: readonly HardwareProfile[];
  readonly agent: string;
}

export interface PlayedBatch {
  /** In the order of the scenarios. */
  readonly outcomes: readonly RunOutcome[];
  readonly tookMs: DurationMs;
}

let subjects: Subjects | undefined;

const questions = {
  prepare({ hardware, agent }: PlayedDevices): void {
    subjects = realSubjects(hardware, readAgent(agent), createBounded());
  },
  play({ scenarios }: { readonly scenarios: readonly Scenario[] }): PlayedBatch {
    const startedAt = performance.now();
    const outcomes = scenarios.map((scenario) => playToOutcome(scenario, subjects!));
    return { outcomes, tookMs: performance.now() - startedAt };
  },
};

serveParent(questions);
