/**
 * What an agent of the zoo is: the reference agent with one decision made wrongly, the way a real agent once made it. Says
 * which entry of the catalogue it stands for (docs/recovery.md), which claims it breaks and in which scenario that shows. Also
 * the two ways in which most of them are made, out of the recovery table. No agent has code of its own.
 */
import { type AgentBehaviour, referenceAgent } from '../core/behaviour.ts';
import type { Step } from '../../observation/execution.ts';
import { type Holding, type Interruption, type Recovery, type RecoveryTable, recoveryTable } from '../core/recovery.ts';

export type BrokenClaim = `V${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`;

export interface ZooAgent {
  /** The catalogue's number, then the bug in a few words. */
  readonly id: `r${string}`;
  /** What it does wrong. */
  readonly bug: string;
  /** Nothing but these, whatever the scenario, and why each: from the bug, not from what a judge said. */
  readonly breaks: Readonly<Partial<Record<BrokenClaim, string>>>;
  /** The id of the scenario that is about this bug. */
  readonly scenario: string;
  readonly behaviour: AgentBehaviour;
}

/** The number in the catalogue, e.g. `R21`. */
export function catalogueNumber({ id }: ZooAgent): string {
  return id.slice(0, id.indexOf('-')).toUpperCase();
}

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
