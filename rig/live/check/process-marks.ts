/**
 * Finds the processes that a program has left outside its process group, as daemons do: each carries the mark that the program
 * was given in its environment. Linux only, where `/proc` shows the environment; elsewhere nothing is found.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** The variable whose value tells one start of a program from every other. */
export const markName = 'JOBRIG_PROGRAM_ID';

/** @returns ids of the processes that live and carry the mark, but for those of a group */
export function processesWith(mark: string, exceptGroup?: number): readonly number[] {
  const wanted = `${markName}=${mark}`;
  return processIds().filter((pid) => {
    if (!textOf(`/proc/${pid}/environ`).split('\0').includes(wanted)) return false;
    const group = groupOf(pid);
    return group !== undefined && group !== exceptGroup;
  });
}

/** SIGKILL for all of them, until none is left: a process may fork while it is being looked for. */
export function killProcessesWith(mark: string): void {
  for (let round = 0; round < 20; round += 1) {
    const found = processesWith(mark);
    if (found.length === 0) return;
    for (const pid of found) kill(pid, 'SIGKILL');
  }
}

/** @param target a process, or with a minus the group of one; that it is gone already is no error */
export function kill(target: number, signal: 'SIGKILL' | 'SIGTERM'): void {
  try {
    process.kill(target, signal);
  } catch {
    // Gone.
  }
}

function processIds(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Source: proc_pid_stat(5): behind the name in parentheses stand the state, the parent and the process group. */
function groupOf(pid: number): number | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === undefined || state === 'Z' || group === undefined ? undefined : Number(group);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Of another user, or gone.
  }
}
