/**
 * Cuts what loops for ever in virtual time: Node's `vm` ends a script from outside when its time is up, whatever it is doing, and no
 * `catch` on the way holds that up. A call costs 200 to 300 µs, most of them for the thread that has the clock.
 */
import { Script, createContext } from 'node:vm';
import { letDieYoung } from '../../broker/garbage-collection.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { type Bounded, Overrun } from '../virtual/bounds.ts';

/** Two thousand events take some twenty milliseconds. */
const usualLimitMs: DurationMs = 5000;

/**
 * Sets V8 up for what is played within it, too.
 * @param busyMs processor time so far, which tells a loop from a host that was busy with other things
 */
export function createBounded(limitMs: DurationMs = usualLimitMs, busyMs: () => DurationMs = ownBusyMs): Bounded {
  letDieYoung();
  const script = new Script('act()');
  const context: { act: () => unknown } = { act: () => undefined };
  createContext(context);
  return <Value>(act: () => Value): Value => {
    const before = busyMs();
    context.act = act;
    try {
      return script.runInContext(context, { timeout: limitMs }) as Value;
    } catch (error) {
      if (!isTimeout(error)) throw error;
      throw new Overrun(limitMs, Math.round(busyMs() - before));
    }
  };
}

function ownBusyMs(): DurationMs {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** An error of the script's own context, and so no instance of this one's `Error`. */
function isTimeout(error: unknown): boolean {
  return Object(error).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
