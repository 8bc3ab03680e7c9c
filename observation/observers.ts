/** Observers put together: several as one, and one that takes every kind. */
import type { Kind, Observation, Observer } from './observation.ts';

interface Look {
  (seen: Observation): void;
  /** What it was put together from, so that putting together again makes no chains of calls. */
  parts?: readonly Look[];
}

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
  hung: true,
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
  // With a member for every kind: what grows member by member becomes a table, in which each observation is looked up.
  const all: Record<string, Look | true | undefined> = { ...everyKind };
  for (const kind of kinds) {
    const looks: Look[] = [];
    for (const observer of observers) {
      const look = observer[kind] as Look | undefined;
      if (look !== undefined) looks.push(look);
    }
    all[kind] = looks.length === 0 ? undefined : together(looks);
  }
  return all as Observer;
}

function together(looks: readonly Look[]): Look {
  if (looks.length === 1) return looks[0]!;
  // A list that was made by adding has room for more, and these are kept for each device.
  const parts = looks.flatMap((look) => look.parts ?? look).slice();
  const look = inOrder(parts);
  look.parts = parts;
  return look;
}

/** Written out for few: a loop over functions is slower by far, and this is called for whatever happens. */
function inOrder(looks: readonly Look[]): Look {
  const [a, b, c, d] = looks as readonly [Look, Look, Look, Look];
  switch (looks.length) {
    case 1:
      return a;
    case 2:
      return (seen) => {
        a(seen);
        b(seen);
      };
    case 3:
      return (seen) => {
        a(seen);
        b(seen);
        c(seen);
      };
    case 4:
      return (seen) => {
        a(seen);
        b(seen);
        c(seen);
        d(seen);
      };
    default: {
      const rest = inOrder(looks.slice(4));
      return (seen) => {
        a(seen);
        b(seen);
        c(seen);
        d(seen);
        rest(seen);
      };
    }
  }
}

/** An observer of everything but snapshots of the inside, which come after every move, and of texts, which others tell read. */
export function observeEvery(look: Look): Observer {
  const all: Partial<Record<Kind, Look>> = {};
  for (const kind of kinds) if (kind !== 'moved' && kind !== 'written') all[kind] = look;
  return all as Observer;
}

/** An observer of these kinds. */
export function observeOnly(heard: ReadonlySet<Kind>, look: Look): Observer {
  const all: Partial<Record<Kind, Look>> = {};
  for (const kind of kinds) if (heard.has(kind)) all[kind] = look;
  return all as Observer;
}

/** Hands an observation to the look of its kind, where there is one. */
export function show(observer: Observer, seen: Observation): void {
  (observer[seen.kind] as Look | undefined)?.(seen);
}
