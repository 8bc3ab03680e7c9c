/**
 * A fault plan at work: for each thing, the instants at which something befalls it and the fate of each of its messages,
 * drawn from the thing's own stream of chance. Keeps no clock: times are milliseconds since the start of the run. Whoever
 * drives it (virtual time, a socket, a service door) carries the fates out; nothing is done here.
 */
import type { Chance } from './chance.ts';
import type { Direction, Fate, FaultPlan, Misfortune, MisfortuneKind, Operation, ServiceAnswer } from './plan.ts';

/** What befalls a thing, or the service, at one instant. */
export type Strike =
  | { readonly kind: 'link-lost' | 'partition' | 'power-cut'; readonly forMs: number }
  | { readonly kind: 'weak-battery'; readonly forMs: number; readonly byMv: number }
  | { readonly kind: 'clock-jump'; readonly byMs: number };

export type Blow = Strike & { readonly atMs: number };

/** The fate of one message that does not simply arrive. */
export interface MessageFate {
  readonly fate: Fate;
  readonly lateMs: number;
}

export interface ServiceFate {
  readonly answer: ServiceAnswer;
  readonly lateMs: number;
}

/** What struck, in the words of every tally and every timeline, e.g. `power-cut`, `reply lost`, `service twice`. */
export type StruckName =
  Exclude<MisfortuneKind, 'message' | 'service'> | `${Direction} ${Fate}` | `service ${ServiceAnswer}`;

export interface Struck {
  readonly name: StruckName;
  /** What was asked for, where a message or an answer was struck that belongs to a request. */
  readonly operation?: Operation;
}

export interface ThingMisfortunes {
  /** In order of time. */
  readonly blows: readonly Blow[];
  /** `undefined`: it arrives as usual. Each call draws anew: ask once a message. */
  fateOf(direction: Direction, atMs: number, operation?: Operation): MessageFate | undefined;
  /** `undefined`: the service answers as it should. */
  answerTo(operation: Operation, atMs: number): ServiceFate | undefined;
}

type MessageMisfortune = Extract<Misfortune, { kind: 'message' }>;
type ServiceMisfortune = Extract<Misfortune, { kind: 'service' }>;
type Timed = Exclude<Misfortune, MessageMisfortune | ServiceMisfortune>;

/** What the plan holds for one thing. */
export function misfortunesOf(plan: FaultPlan, thingName: string, chance: Chance): ThingMisfortunes {
  const own = plan.misfortunes.filter(
    (misfortune) => misfortune.kind !== 'service-clock-jump' && covers(misfortune.things, thingName),
  );
  const messages = own.filter((misfortune) => misfortune.kind === 'message');
  const byDirection = {
    request: messages.filter(({ direction }) => direction === 'request'),
    reply: messages.filter(({ direction }) => direction === 'reply'),
    notification: messages.filter(({ direction }) => direction === 'notification'),
  };
  const answers = own.filter((misfortune) => misfortune.kind === 'service');
  const fates = chance.fork(`fates of ${thingName}`);
  return {
    blows: blowsOf(own, chance.fork(`blows of ${thingName}`)),
    fateOf: (direction, atMs, operation) =>
      byDirection[direction].find((misfortune) => strikes(misfortune, atMs, operation, fates)),
    answerTo: (operation, atMs) => answers.find((misfortune) => strikes(misfortune, atMs, operation, fates)),
  };
}

/** Leaps of the service's own clock. */
export function serviceBlows(plan: FaultPlan, chance: Chance): readonly Blow[] {
  const own = plan.misfortunes.filter(({ kind }) => kind === 'service-clock-jump');
  return blowsOf(own, chance.fork('blows of the service'));
}

function covers(pattern: string, thingName: string): boolean {
  return pattern.endsWith('*') ? thingName.startsWith(pattern.slice(0, -1)) : pattern === thingName;
}

function strikes(
  { fromMs, untilMs, perMillion, operations }: MessageMisfortune | ServiceMisfortune,
  atMs: number,
  operation: Operation | undefined,
  chance: Chance,
): boolean {
  if (atMs < fromMs || atMs >= untilMs) return false;
  if (operations !== undefined && (operation === undefined || !operations.includes(operation))) return false;
  return chance.happens(perMillion);
}

function blowsOf(misfortunes: readonly Misfortune[], chance: Chance): readonly Blow[] {
  return misfortunes
    .filter((misfortune): misfortune is Timed => misfortune.kind !== 'message' && misfortune.kind !== 'service')
    .flatMap((misfortune) =>
      Array.from({ length: misfortune.times }, () =>
        blow(misfortune, chance.between(misfortune.fromMs, misfortune.untilMs)),
      ),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

function blow(misfortune: Timed, atMs: number): Blow {
  switch (misfortune.kind) {
    case 'clock-jump':
    case 'service-clock-jump':
      return { atMs, kind: 'clock-jump', byMs: misfortune.byMs };
    case 'weak-battery':
      return { atMs, kind: 'weak-battery', forMs: misfortune.forMs, byMv: misfortune.byMv };
    default:
      return { atMs, kind: misfortune.kind, forMs: misfortune.forMs };
  }
}
