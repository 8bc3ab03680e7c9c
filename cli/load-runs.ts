/** Load runs on disk: `run.json`, which `jobrig merge` reads again, and the page. */
import { join } from 'node:path';
import type { LoadRun } from '../rig/load/contract.ts';
import type { JudgedThreshold } from '../rig/load/figures.ts';
import { writeOutput } from './output-folder.ts';

export async function keepLoad(
  directory: string,
  run: LoadRun,
  thresholds: readonly JudgedThreshold[],
): Promise<string> {
  await writeOutput(directory, 'run.json', `${JSON.stringify({ ...run, thresholds })}\n`);
  return join(directory, 'run.json');
}
