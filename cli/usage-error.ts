/** Flags that do not go together, as the error that commander's own are. */
import { CommanderError } from 'commander';
import { complain } from './exit.ts';

export function usageError(message: string): CommanderError {
  complain(message);
  return new CommanderError(2, 'jobrig.usage', message);
}
