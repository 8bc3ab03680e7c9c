/** What is mutated and what has to notice it: data alone. */
export interface MutatedRoom {
  /** Folders of sources. */
  readonly sources: readonly string[];
  /** Sources without logic of their own, or whose loss only makes a check weaker. */
  readonly except: RegExp;
  /** All tests of the room: regular expressions for paths of test files, from the root of the repository. */
  readonly tests: readonly string[];
  /** Sources that the runs of the verdict come through; default: all. Mutants of the others are shown to the tests alone. */
  readonly played?: RegExp;
  /** How the figures of the page were taken, where that differs from what the runner does by itself. */
  readonly taken?: string;
  /** Of mutants that are not equivalent, how many of a hundred must be noticed by the verdict, and by all. */
  readonly bars: { readonly verdict?: number; readonly all: number };
}

export type RoomName = 'engine' | 'agent' | 'judge';

export const rooms: Readonly<Record<RoomName, MutatedRoom>> = {
  engine: {
    sources: ['broker/engine'],
    except: /\/(?:assert|invariants|contract|rows|port|dispatch)\.ts$/,
    // Of Jobs alone: the simulation has no provisioning, policies, shadows, templates, OTA updates and tags, and keeps to no calendar.
    played:
      /engine\/(?:(?:agenda|bulk-work|conclusion|device-executions|engine|execution-changes|execution-summary|executions|identifiers|job-(?:cancellation|configs|deletion|document)|jobs|membership|notifications|pending-queue|rollout|sequence-list|state|targets|things|transitions|turn|wake|work)\.ts|data-plane\/|policies\/(?:abort|retry|rollout-rate|timeout)|control-plane\/(?:add-thing-to-thing-group|cancel-job|create-job\.|create-thing\.|delete-job-execution|delete-job\.|delete-thing\.|describe-job\.|describe-job-execution|list-job-executions|remove-thing))/,
    tests: [
      'test/engine/[^/]*',
      'test/contract/store[^/]*',
      'test/docs/compatibility[^/]*',
      'test/http/(?:rest-details|every-operation|page-token)[^/]*',
    ],
    taken:
      'The sample has 240; survivors were tried again after tests had been added. The verdict alone was asked about those in files of Jobs that the simulation comes through, with the scenarios and the seeds 1 to 200, without the pulls at every moment: a bound from below. It has no bar: many of these files have parts that no scenario uses, such as schedules, windows, abort criteria, limits of many jobs at once and what a service reads at its start.',
    bars: { all: 97 },
  },
  agent: {
    sources: ['agent/core'],
    except: /\/contract\.ts$/,
    // Not the zoo, the sweeps and the planted bugs, which play what the verdict plays.
    tests: [
      'test/agent/(?:conversation|documents|streams|device|recovery)[^/]*',
      'test/agent/station/.*',
      'test/rig/virtual/play[^/]*',
    ],
    taken:
      'The sample has 158. 42 of them were last tried with `--quick` and 120 seeds, the others with 200 to 1000 seeds and the pulls; after new scenarios only survivors were tried again. So the share is a bound from below.',
    bars: { verdict: 85, all: 97 },
  },
  // A mutant here is a false verdict: an alarm that the reference agent sets off, or a bug that passes.
  judge: {
    sources: ['rig/verdict'],
    except: /\/engine\/|\/(?:contract|catalog|resemblance|claims|engine-claims)\.ts$/,
    tests: ['test/rig/verdict/.*', 'test/rig/virtual/planted-bugs[^/]*', 'test/agent/zoo/zoo[^/]*'],
    bars: { all: 97 },
  },
};
