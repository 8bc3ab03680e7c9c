/**
 * How the process ends: exit codes, and one line on stderr for whatever went wrong. Source: the table in the README, which
 * scripts rely on.
 */
import { CommanderError } from 'commander';
import { OperationalError } from '../protocol/operational-error.ts';
import type { Verdict } from '../rig/verdict/contract.ts';
import { Interruption } from './interruption.ts';
import { readable } from './printable.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  /** Usage, configuration or environment. */
  usage: 2,
  inconclusive: 3,
} as const;

export function exitCodeOf(verdict: Verdict): number {
  return { pass: exitCodes.ok, fail: exitCodes.failed, inconclusive: exitCodes.inconclusive }[verdict];
}

/** The exit code for an error, after saying on stderr what there is to say. */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Interruption) {
    complain(error.message);
    return error.exitCode;
  }
  if (error instanceof OperationalError) {
    complain(error.hint === undefined ? error.message : `${error.message}. ${error.hint}`);
    return exitCodes.usage;
  }
  // A bug of jobrig's own: whoever reports it needs the stack, as it is.
  process.stderr.write(`jobrig: ${error instanceof Error ? stackOf(error) : String(error)}\n`);
  return exitCodes.inconclusive;
}

function stackOf({ stack, message, cause }: Error): string {
  return `${stack ?? message}${cause instanceof Error ? `\ncaused by ${stackOf(cause)}` : ''}`;
}

export function complain(line: string): void {
  process.stderr.write(`jobrig: ${readable(line)}\n`);
}

/** Flags that do not go together, as the error that commander's own are. */
export function usageError(message: string): CommanderError {
  complain(message);
  return new CommanderError(2, 'jobrig.usage', message);
}
