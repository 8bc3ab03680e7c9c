/** A part of a load run in this process instead of one of its own, so that a test need not start three. */
import { EventEmitter, once } from 'node:events';
import { type PartQuestions, createPart } from '../../rig/load/part.ts';
import type { Child } from '../../rig/process/child.ts';

export function localPart(
  boards: Parameters<typeof createPart>[0] = {},
): Child<PartQuestions> & { readonly die: () => void } {
  const part = createPart(boards) as unknown as Record<string, (body: unknown) => Promise<unknown>>;
  let isDead = false;
  const death = new EventEmitter();
  const ended = once(death, 'end').then(() => 'SIGKILL');
  const die = (): void => {
    isDead = true;
    death.emit('end');
  };
  return {
    pid: undefined,
    ended,
    die,
    ask: ((name: string, body: unknown) =>
      isDead ? Promise.reject(new Error('gone')) : part[name]!(body)) as Child<PartQuestions>['ask'],
    usage: () => Promise.resolve({ cpuMicros: 0, residentBytes: 0 }),
    kill: async () => die(),
    stop: async () => {},
  };
}
