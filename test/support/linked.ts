/** An engine and its doors on links within one process: what several processes make of them, without the processes. */
import type { Duplex } from 'node:stream';
import { scaledClock } from '../../broker/clock.ts';
import { createDoorEnd, type DoorEnd } from '../../broker/link/door-end.ts';
import { createEngineEnd, type EngineEnd, type EngineEndOptions } from '../../broker/link/engine-end.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { writtenBy } from '../../broker/processes/linked-engine.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';

export interface Linked {
  readonly engineEnd: EngineEnd;
  readonly doors: readonly DoorEnd[];
  /** Until when each door was told to refuse every device. */
  readonly throttled: ReadonlyMap<number, EpochMs>;
  /** What is wanted of each door. */
  readonly wanted: ReadonlyMap<number, unknown>;
  /** Gives a door a new link. */
  attach(door: number): Promise<void>;
  /** Breaks the link of a door. */
  broken(door: number): void;
}

export async function linked(
  port: ServicePort,
  { doors: count = 1, ...options }: Partial<EngineEndOptions> = {},
): Promise<Linked> {
  const things = { names: () => [], onChange: () => () => {} };
  const engineEnd = createEngineEnd({ port, doors: count, timeScale: 1, things, ...writtenBy(port), ...options });
  const throttled = new Map<number, EpochMs>();
  const wanted = new Map<number, unknown>();
  const doors = Array.from({ length: count }, (_, number) =>
    createDoorEnd(number, scaledClock, {
      onThrottled: (until) => throttled.set(number, until),
      onWanted: (what) => wanted.set(number, what),
    }),
  );
  const lines = new Map<number, Duplex>();
  const attach = async (door: number): Promise<void> => {
    const [near, far] = duplexPair();
    engineEnd.accept(far);
    lines.set(door, far);
    await doors[door]!.attach(near);
  };
  for (const number of doors.keys()) await attach(number);
  return { engineEnd, doors, throttled, wanted, attach, broken: (door) => lines.get(door)?.destroy() };
}
