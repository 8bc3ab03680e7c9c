/**
 * How the process ends: exit codes, and one line on stderr for whatever went wrong. Source: the table in the README, which
 * scripts rely on.
 */
import { CommanderError } from 'commander';
import { OperationalError } from '../protocol/operational-error.ts';
import type { Verdict } from '../rig/verdict/contract.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  /** Usage, configuration or environment. */
  usage: 2,
  inconclusive: 3,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export function exitCodeOf(verdict: Verdict): number {
  return { pass: exitCodes.ok, fail: exitCodes.failed, inconclusive: exitCodes.inconclusive }[verdict];
}

/** What asks the process to end: Ctrl-C, a terminal that is closed, and whoever else wants it. */
export const signals = {
  SIGHUP: { message: 'hung up', exitCode: exitCodes.hungUp },
  SIGINT: { message: 'interrupted', exitCode: exitCodes.interrupted },
  SIGTERM: { message: 'terminated', exitCode: exitCodes.terminated },
} as const;

export type EndSignal = keyof typeof signals;

/** One of the {@link signals}, as the reason of an aborted run. */
export class Interruption extends Error {
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super(signals[signal].message);
    this.exitCode = signals[signal].exitCode;
  }
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
  // A bug of jobrig's own: whoever reports it needs the stack.
  complain(error instanceof Error ? stackOf(error) : String(error));
  return exitCodes.inconclusive;
}

function stackOf({ stack, message, cause }: Error): string {
  return `${stack ?? message}${cause instanceof Error ? `\ncaused by ${stackOf(cause)}` : ''}`;
}

export function complain(line: string): void {
  process.stderr.write(`jobrig: ${line}\n`);
}

/** Flags that do not go together, as the error that commander's own are. */
export function usageError(message: string): CommanderError {
  complain(message);
  return new CommanderError(2, 'jobrig.usage', message);
}
