/**
 * Runs tests against one mutant after the other in a process that keeps its vitest warm: the file is served changed, nothing on
 * disk is. Started by main.ts, which ends it when a mutant hangs. Speaks by IPC: a {@link Trial} in, a {@link Finding} out.
 */
import { join } from 'node:path';
import { BaseSequencer, createVitest } from 'vitest/node';
import { roomTests } from './room-tests.ts';

export interface Trial {
  readonly id: number;
  /** Test files that run together, by their paths from the root; the next ones run only when these notice nothing. */
  readonly phases: readonly (readonly string[])[];
  /** Absent: the sources as they are. */
  readonly mutant?: { readonly file: string; readonly text: string };
}

export interface Finding {
  readonly id: number;
  /** The name of the first test that failed; absent: none did. */
  readonly killedBy?: string;
}

const root = join(import.meta.dirname, '../../..');
let served: Trial['mutant'];

/** Runs files in the order that they are asked for. */
class AsGiven extends BaseSequencer {
  override sort: BaseSequencer['sort'] = async (files) => files;
}

const vitest = await createVitest(
  'test',
  {
    root,
    ...roomTests,
    bail: 1,
    sequence: { sequencer: AsGiven },
    testTimeout: 30_000,
  },
  {
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        load: (id: string) => (served !== undefined && id === join(root, served.file) ? served.text : undefined),
      },
    ],
  },
);

const known = await vitest.globTestSpecifications();

async function failingTest(phase: readonly string[]): Promise<string | undefined> {
  const specifications = phase.map((path) => known.find(({ moduleId }) => moduleId === join(root, path))!);
  // What earlier runs left would be told again.
  vitest.state.filesMap.clear();
  vitest.state.errorsSet.clear();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  for (const module of testModules) {
    for (const test of module.children.allTests('failed')) return `${module.relativeModuleId} › ${test.fullName}`;
    if (module.state() === 'failed') return `${module.relativeModuleId} does not load`;
  }
  return unhandledErrors.length > 0 ? `an error outside of tests: ${String(unhandledErrors[0])}` : undefined;
}

async function tryOut({ id, phases, mutant }: Trial): Promise<Finding> {
  const before = served;
  served = mutant;
  for (const changed of [before, mutant]) {
    if (changed !== undefined) vitest.invalidateFile(join(root, changed.file));
  }
  for (const phase of phases) {
    const killedBy = await failingTest(phase);
    if (killedBy !== undefined) return { id, killedBy };
  }
  return { id };
}

process.on('message', (trial: Trial) => {
  tryOut(trial).then(
    (finding) => process.send?.(finding),
    (error: unknown) => process.send?.({ id: trial.id, killedBy: `an error: ${String(error)}` } satisfies Finding),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ id: -1 } satisfies Finding);
