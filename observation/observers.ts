/** Observers put together: several as one, and one that takes every kind. */
import type { Kind, Observation, Observer } from './observation.ts';

type Look = (seen: Observation) => void;

/** Every kind there is; a missing one does not compile. */
const everyKind: Readonly<Record<Kind, true>> = {
  connecting: true,
  connected: true,
  identified: true,
  'connect-failed': true,
  disconnected: true,
  subscribed: true,
  unsubscribed: true,
  sent: true,
  received: true,
  delivered: true,
  written: true,
  published: true,
  refused: true,
  pinged: true,
  traced: true,
  moved: true,
  power: true,
  program: true,
  printed: true,
  witness: true,
  'reported-version': true,
  job: true,
  execution: true,
  download: true,
  called: true,
  fault: true,
  lag: true,
};

export const kinds = Object.keys(everyKind) as readonly Kind[];

/** Several observers as one, in order. */
export function observeAll(observers: readonly Observer[]): Observer {
  const all: Partial<Record<Kind, Look>> = {};
  for (const kind of kinds) {
    const looks = observers.flatMap((observer) => (observer[kind] as Look | undefined) ?? []);
    const [first, second] = looks;
    if (first === undefined) continue;
    if (second === undefined) all[kind] = first;
    else if (looks.length === 2) {
      all[kind] = (seen) => {
        first(seen);
        second(seen);
      };
    } else {
      all[kind] = (seen) => {
        for (const look of looks) look(seen);
      };
    }
  }
  return all as Observer;
}

/** An observer of everything but snapshots of the inside, which come after every move, and of texts, which others tell read. */
export function observeEvery(look: Look): Observer {
  const all: Partial<Record<Kind, Look>> = {};
  for (const kind of kinds) if (kind !== 'moved' && kind !== 'written') all[kind] = look;
  return all as Observer;
}

/** Hands an observation to the look of its kind, where there is one. */
export function show(observer: Observer, seen: Observation): void {
  (observer[seen.kind] as Look | undefined)?.(seen);
}
