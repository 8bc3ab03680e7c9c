/**
 * Connects many clients, a bounded number at a time, and says first whether the process may hold that many sockets: the
 * limit on open files is silent when it is reached.
 */
import { readFileSync } from 'node:fs';

const connectingAtOnce = 200;
/** Files a process holds besides its clients. */
const otherFiles = 100;

export async function connectAll<Client>(
  count: number,
  connect: (index: number) => Promise<Client>,
): Promise<readonly Client[]> {
  const clients: Client[] = Array.from({ length: count });
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) {
      const index = next;
      next += 1;
      clients[index] = await connect(index);
    }
  }
  await Promise.all(Array.from({ length: Math.min(connectingAtOnce, count) }, work));
  return clients;
}

/** @returns why `clients` connections do not fit into one process, or `undefined` when they do. */
export function refusedByFileLimit(clients: number): string | undefined {
  const limit = openFileLimit();
  if (limit === undefined || clients + otherFiles <= limit) return undefined;
  return `${clients} clients need ${clients + otherFiles} open files in one process, the limit is ${limit} (ulimit -n)`;
}

/** Node raises the soft limit to the hard one when it starts. Absent where there is no /proc. */
function openFileLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}
