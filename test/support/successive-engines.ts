/** One store and engines on it, one after the other, each with its end of the links: what a takeover is, within one process. */
import { scaledClock } from '../../broker/clock.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { holdingJournal } from '../../broker/holding-journal.ts';
import { createJournal } from '../../broker/journal.ts';
import { type EngineEnd, type EngineEndOptions, createEngineEnd } from '../../broker/link/engine-end.ts';
import { writtenBy } from '../../broker/processes/linked-engine.ts';
import { createRuntime } from '../../broker/runtime.ts';
import { isSessionTable } from '../../broker/store/store.ts';
import { MemoryStore } from './memory-store.ts';

/** Of the one that leads now. */
export interface LeadingEngine {
  readonly port: ServicePort;
  readonly end: EngineEnd;
}

/** @param doors how many there are; they are on their own */
export function successiveEngines(doors: number, options: Partial<EngineEndOptions> = {}): () => LeadingEngine {
  const store = new MemoryStore();
  return () => {
    const clock = scaledClock();
    const journal = holdingJournal(
      createJournal(store, clock, (error) => {
        throw error;
      }),
    );
    const all = [...store.rows()];
    const identity = { region: 'us-east-1', account: '000000000000' };
    const rows = all.filter(({ table }) => !isSessionTable(table));
    const port = createRuntime({ engine: createEngine({ identity, rows: rows as never }), clock, journal });
    const end = createEngineEnd({
      port,
      doors,
      timeScale: 1,
      ...writtenBy(port),
      things: { names: () => [], onChange: () => () => {} },
      doorsAreOnTheirOwn: true,
      sessions: { journal, rows: all.filter(({ table }) => isSessionTable(table)) as never, forms: 'every form' },
      ...options,
    });
    return { port, end };
  };
}
