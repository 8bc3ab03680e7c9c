/** `jobrig check` without a command: the flags of a simulated agent, and those that only a device from outside can have. */
import type { CheckResult } from '../rig/live/check/check-result.ts';
import type { CheckEvent } from '../rig/live/check/check-event.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { readAgent } from './agent.ts';
import type { CheckFlags } from './check-flags.ts';
import { readHardware } from './hardware.ts';

export interface SimulatedCheck {
  readonly scenarios: readonly Scenario[];
  /** `--seed`, where the user gave one. */
  readonly seed?: number;
  /** Ids of moments of the sweep that were played before. */
  readonly done?: ReadonlySet<string>;
  readonly onEvent: (event: CheckEvent) => void;
  readonly signal: AbortSignal;
}

/** Before anything is made. @throws {OperationalError} what is wrong with the flags */
export function mustBeKnown({ agent, hardware }: CheckFlags): void {
  readAgent(agent);
  readHardware(hardware);
}

export async function checkSimulated(flags: CheckFlags, check: SimulatedCheck): Promise<CheckResult> {
  const { scenarios, seed, done, onEvent, signal } = check;
  const agent = readAgent(flags.agent);
  const hardware = readHardware(flags.hardware);
  const { runSimulatedCheck } = await import('../rig/live/check/simulated-check.ts');
  return runSimulatedCheck({
    name: `the simulated ${flags.agent} agent on ${hardware.map(({ name }) => name).join(', ')}`,
    subject: { kind: 'simulated', agent, hardware, ...(seed !== undefined && { seed }) },
    scenarios,
    repeat: flags.repeat,
    ...(flags.bail === true && { bail: true }),
    ...(flags.settle !== undefined && { settleMs: flags.settle }),
    ...(flags.sweep === true && { sweep: done === undefined ? {} : { done } }),
    onEvent,
    signal,
  });
}
