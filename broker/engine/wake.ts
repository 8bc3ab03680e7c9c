/**
 * Wake: what the timers ask. Does what is due, oldest first: up to a slice of executions time out, and the first job or piece
 * of bulk work that is due ends the command. What is still due then is due at the next Wake, which the runtime asks for after
 * the devices have been served.
 * Source: reference configs.md §3 (time-outs).
 */
import { runSlice } from './bulk-work.ts';
import { advanceExecution } from './conclusion.ts';
import type { Reply } from './contract.ts';
import { dropExecution } from './executions.ts';
import { keepToSchedule } from './job-schedule.ts';
import { acceptedNothing } from './reply.ts';
import type { Execution } from './state.ts';
import type { Turn } from './turn.ts';
import { sliceSize } from './work.ts';

export function wake(turn: Turn): Reply<undefined> {
  for (let left = sliceSize; left > 0; left -= 1) {
    const due = turn.state.agenda.takeDue(turn.now);
    if (due === undefined) break;
    if ('key' in due) {
      timeOut(turn, due);
    } else {
      if ('counts' in due) keepToSchedule(turn, due);
      else runSlice(turn, due);
      break;
    }
  }
  return acceptedNothing;
}

function timeOut(turn: Turn, execution: Execution): void {
  if (execution.job.row.status === 'DELETION_IN_PROGRESS') dropExecution(turn, execution);
  else advanceExecution(turn, execution, 'TIMED_OUT', 'service', {});
}
