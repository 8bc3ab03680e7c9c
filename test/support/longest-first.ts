/**
 * In which order files are run: those that take long begin first, so that no core is idle while the last of them ends. Vitest knows
 * how long each took the last time, but on a fresh machine only how large it is, and the longest are short to read.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Beginnings of paths, the longest first. */
const long = [
  'test/store/kill',
  'test/processes/kill',
  'test/cli/load',
  'test/cli/check.',
  'test/security/sockets',
  'test/rig/virtual/sweep',
  'test/agent/zoo/zoo.',
  'test/rig/live/check/',
  'test/security/fuzz',
  'test/cli/demo',
  'test/agents/',
  'test/compat/',
  'test/cluster/',
  'test/rig/virtual/play',
  'test/security/',
  'test/cli/',
  'test/contract/',
  'test/rig/',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const rankOf = ({ moduleId, project }: TestSpecification): number => {
      // A file that others do not share their modules with ends the process that is about to run it, and with it what that has loaded.
      if (project.config.isolate) return -1;
      const path = moduleId.slice(root.length + 1);
      const rank = long.findIndex((beginning) => path.startsWith(beginning));
      return rank === -1 ? long.length : rank;
    };
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
