/**
 * A fault plan for one thing: the faults that come at an instant, and a decision for each of its messages and requests. All is
 * drawn from the thing's own stream of chance. There is no clock here: times are milliseconds since the start of the run. The
 * station and the service's doors carry the faults out.
 */
import type { Chance } from './chance.ts';
import type {
  Direction,
  Fault,
  FaultKind,
  FaultPlan,
  HandshakeAnswer,
  MessageEffect,
  MessageOperation,
  Operation,
  ServiceAnswer,
} from './plan.ts';

/** A fault of a thing, or of the service, that begins at one instant. */
export type InstantFault =
  | { readonly kind: 'link-lost' | 'partition' | 'power-cut'; readonly forMs: number }
  | { readonly kind: 'weak-battery'; readonly forMs: number; readonly byMv: number }
  | { readonly kind: 'clock-jump'; readonly byMs: number };

export type TimedFault = InstantFault & { readonly atMs: number };

/** What a fault does to one message. */
export interface MessageFault {
  readonly effect: MessageEffect;
  readonly lateMs: number;
}

/** What the service does with one request instead of answering it once, rightly and at once. */
export type ServiceFault = { readonly name: `service ${string}` } & (
  | { readonly answer: 'refuse'; readonly code: string; readonly message: string }
  | { readonly answer: 'late'; readonly lateMs: number }
  | { readonly answer: 'twice' | 'not-at-all' | 'empty-next' }
);

/** The name of a fault in every tally and every timeline, e.g. `power-cut`, `reply lost`, `service twice`. */
export type FaultName =
  | Exclude<FaultKind, 'message' | 'service'>
  | `${Direction} ${MessageEffect}`
  | `${'connect' | 'subscribe'} ${HandshakeAnswer}`
  | `service ${string}`
  | `memory ${string}`;

/** A fault that was injected. */
export interface InjectedFault {
  readonly name: FaultName;
  /** What was asked for, where the fault is about a request or about the answer to one. */
  readonly operation?: MessageOperation;
}

export interface ThingFaults {
  /** In order of time. */
  readonly timed: readonly TimedFault[];
  /** `undefined`: the message arrives as usual. Each call draws anew: ask once a message. */
  ofMessage(direction: Direction, atMs: number, operation?: MessageOperation): MessageFault | undefined;
  /**
   * `undefined`: the service answers as it should. Each call draws anew: ask once a request.
   * @param asksNext whether the request is for the next execution, whichever that is
   */
  ofAnswer(operation: Operation, asksNext: boolean, atMs: number): ServiceFault | undefined;
}

type OfMessages = Extract<Fault, { kind: 'message' }>;
type OfService = Extract<Fault, { kind: 'service' }>;
type Timed = Exclude<Fault, OfMessages | OfService>;

/** What the plan holds for one thing. The names of the streams belong to what a seed means: kept runs depend on them. */
export function faultsOf(plan: FaultPlan, thingName: string, chance: Chance): ThingFaults {
  const own = plan.faults.filter((fault) => fault.kind !== 'service-clock-jump' && covers(fault.things, thingName));
  const messages = own.filter((fault) => fault.kind === 'message');
  const going = (way: Direction): readonly OfMessages[] => messages.filter(({ direction }) => direction === way);
  const byDirection = { request: going('request'), reply: going('reply'), notification: going('notification') };
  const answers = own.filter((fault) => fault.kind === 'service');
  const draws = chance.fork(`fates of ${thingName}`);
  return {
    timed: timedFaults(own, chance.fork(`blows of ${thingName}`)),
    // Loops, not functions that are made anew for each message.
    ofMessage(direction, atMs, operation) {
      for (const fault of byDirection[direction]) if (isDrawn(fault, atMs, operation, draws)) return fault;
      return undefined;
    },
    ofAnswer(operation, asksNext, atMs) {
      for (const fault of answers) {
        if (!asksNext && fault.answer === 'empty-next') continue;
        if (isDrawn(fault, atMs, operation, draws)) return serviceFault(fault.answer, fault.lateMs);
      }
      return undefined;
    },
  };
}

/** Assumed: AWS does not publish its messages for these. */
const refusals: { readonly [Answer in ServiceAnswer]?: { readonly code: string; readonly message: string } } = {
  RequestThrottled: { code: 'RequestThrottled', message: 'Too many requests.' },
  InternalError: { code: 'InternalError', message: 'Internal error.' },
  InvalidRequest: { code: 'InvalidRequest', message: 'Invalid request.' },
  'unknown-code': { code: 'ServiceBusy', message: 'The service is busy.' },
};

function serviceFault(answer: ServiceAnswer, lateMs: number): ServiceFault {
  const name = `service ${answer}` as const;
  switch (answer) {
    case 'late':
      return { name, answer, lateMs };
    case 'twice':
    case 'not-at-all':
    case 'empty-next':
      return { name, answer };
    default:
      return { name, answer: 'refuse', ...refusals[answer]! };
  }
}

/** The jumps of the service's own clock. */
export function serviceTimedFaults(plan: FaultPlan, chance: Chance): readonly TimedFault[] {
  const own = plan.faults.filter(({ kind }) => kind === 'service-clock-jump');
  return timedFaults(own, chance.fork('blows of the service'));
}

function covers(pattern: string, thingName: string): boolean {
  return pattern.endsWith('*') ? thingName.startsWith(pattern.slice(0, -1)) : pattern === thingName;
}

function isDrawn(
  { fromMs, untilMs, perMillion, operations }: OfMessages | OfService,
  atMs: number,
  operation: MessageOperation | undefined,
  chance: Chance,
): boolean {
  if (atMs < fromMs || atMs >= untilMs) return false;
  if (operations !== undefined && !(operations as readonly (MessageOperation | undefined)[]).includes(operation))
    return false;
  return chance.happens(perMillion);
}

function timedFaults(faults: readonly Fault[], chance: Chance): readonly TimedFault[] {
  return faults
    .filter((fault): fault is Timed => fault.kind !== 'message' && fault.kind !== 'service')
    .flatMap((fault) =>
      Array.from({ length: fault.times }, () => timedFault(fault, chance.between(fault.fromMs, fault.untilMs))),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

function timedFault(fault: Timed, atMs: number): TimedFault {
  switch (fault.kind) {
    case 'clock-jump':
    case 'service-clock-jump':
      return { atMs, kind: 'clock-jump', byMs: fault.byMs };
    case 'weak-battery':
      return { atMs, kind: 'weak-battery', forMs: fault.forMs, byMv: fault.byMv };
    default:
      return { atMs, kind: fault.kind, forMs: fault.forMs };
  }
}
