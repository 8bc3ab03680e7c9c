/** `jobrig check` without a command: scenarios on a simulated agent. */
import type { CheckResult } from '../rig/live/check/check-result.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { usageError } from './usage-error.ts';
import type { CheckFlags } from './check.ts';

export async function checkSimulated(
  _flags: CheckFlags,
  _scenarios: readonly Scenario[],
  _signal: AbortSignal,
): Promise<CheckResult> {
  await Promise.resolve();
  throw usageError('name a command behind --, or --attach THING');
}
