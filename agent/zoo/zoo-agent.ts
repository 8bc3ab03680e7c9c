/**
 * An agent of the zoo is the reference agent with one decision made wrongly, the way a real agent once made it
 * (docs/recovery.md). No agent has code of its own; these are the ways in which most of them are made. What each breaks, and in
 * which scenario that shows, is in docs/zoo.md.
 */
import { type AgentBehaviour, referenceAgent } from '../core/behaviour.ts';
import type { Step } from '../../observation/execution.ts';
import { type Holding, type Interruption, type Recovery, type RecoveryTable, recoveryTable } from '../core/recovery.ts';

/** The reference agent with one decision made otherwise. */
export function otherwise(decision: Partial<AgentBehaviour>): AgentBehaviour {
  return { ...referenceAgent, ...decision };
}

/** What happens in these steps is met otherwise. */
export function meeting(interruption: Interruption, steps: readonly Step[], change: Partial<Recovery>): AgentBehaviour {
  const rows = Object.entries(recoveryTable).map(([step, row]) => {
    const cell = steps.some((one) => one === step) ? { ...row[interruption], ...change } : row[interruption];
    return [step, { ...row, [interruption]: cell }];
  });
  return otherwise({ recovery: Object.fromEntries(rows) as RecoveryTable });
}

/** An interruption leaves one thing behind, in whatever step it comes. */
export function leaving(holding: Holding, interruption: Interruption): AgentBehaviour {
  const rows = Object.entries(recoveryTable).map(([step, row]) => {
    const undo = row[interruption].undo.filter((one) => one !== holding);
    return [step, { ...row, [interruption]: { ...row[interruption], undo } }];
  });
  return otherwise({ recovery: Object.fromEntries(rows) as RecoveryTable });
}
