/**
 * Kept runs of the simulation as files: one that broke something, made small, is written to be replayed by `--replay`, and to
 * be kept in fixtures/seeds/ once it has a better sentence. What may stand in one is rig/virtual/kept-run.ts's business.
 */
import { type KeptRun, parseKeptRun } from '../rig/virtual/kept-run.ts';
import { openOutput, writeOutput } from './output-folder.ts';
import { readPositionedFile } from './positioned-file.ts';

/**
 * @param hardware names of the profiles there are
 * @throws {OperationalError} `REPLAY_INVALID` naming file, line, column and member
 */
export function readKeptRun(file: string, hardware: readonly string[]): KeptRun {
  const source = readPositionedFile(file, 'REPLAY_INVALID');
  const parsed = parseKeptRun(source.value, hardware);
  if (parsed.ok) return parsed.kept;
  throw source.complaint('REPLAY_INVALID', parsed.problems);
}

/** @returns the file's path. @throws {OperationalError} `OUTPUT_UNWRITABLE` */
export async function writeKeptRun(directory: string, kept: KeptRun): Promise<string> {
  openOutput(directory);
  const name = `seed-${kept.configuration.seed}.json`;
  return writeOutput(directory, name, `${JSON.stringify(kept, undefined, 2)}\n`);
}
