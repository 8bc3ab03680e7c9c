/** What a service of this process reads in one turn, however slow the machine is: by its clock no time goes by meanwhile. */
import { vi } from 'vitest';

export async function inOneTurn(act: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    await act();
  } finally {
    vi.useRealTimers();
  }
}
