/**
 * Faults of one device's wire that a scenario has asked for and that are still to be injected: each for so many times or so long.
 * Whoever watches the wire asks before it lets a packet pass; asking counts. Says nothing itself.
 */
import type { Direction, MessageOperation, Operation } from '../../../faults/plan.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';

/** How long a fault lasts: so many times, or until an instant; both absent is once. */
export interface Extent {
  readonly times?: number;
  readonly forMs?: DurationMs;
}

export type MessageFault =
  | 'lose'
  /** Comes, and so much later once more. */
  | { readonly againMs: DurationMs }
  | { readonly lateMs: DurationMs };

/** What comes instead of the service's answer. */
export type AnswerFault =
  | { readonly kind: 'refuse'; readonly code: string; readonly message: string }
  | { readonly kind: 'late'; readonly lateMs: DurationMs }
  | { readonly kind: 'twice' }
  /** The service has never seen the request. */
  | { readonly kind: 'never' }
  /** As if nothing were pending. */
  | { readonly kind: 'empty-next' };

export type HandshakeFault = 'never-answer' | 'refuse';

interface Armed<Fault> {
  readonly fault: Fault;
  readonly applies: (direction: Direction | undefined, operation: MessageOperation | undefined) => boolean;
  left: number;
  readonly until: EpochMs;
}

export class WireFaults {
  readonly #now: () => EpochMs;
  #messages: Armed<MessageFault>[] = [];
  #answers: Armed<AnswerFault>[] = [];
  #connects: Armed<HandshakeFault>[] = [];
  #subscribes: Armed<HandshakeFault>[] = [];

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  addMessage(
    fault: MessageFault,
    direction: Direction,
    operations: readonly MessageOperation[] | undefined,
    extent: Extent,
  ): void {
    const applies = (its: Direction | undefined, operation: MessageOperation | undefined): boolean =>
      its === direction && (operations === undefined || (operation !== undefined && operations.includes(operation)));
    this.#messages.push(this.#armed(fault, extent, applies));
  }

  addAnswer(fault: AnswerFault, operations: readonly Operation[] | undefined, extent: Extent): void {
    const applies = (_: Direction | undefined, operation: MessageOperation | undefined): boolean =>
      operations === undefined || operations.some((one) => one === operation);
    this.#answers.push(this.#armed(fault, extent, applies));
  }

  addConnect(fault: HandshakeFault, extent: Extent): void {
    this.#connects.push(this.#armed(fault, extent, always));
  }

  addSubscribe(fault: HandshakeFault, extent: Extent): void {
    this.#subscribes.push(this.#armed(fault, extent, always));
  }

  message(direction: Direction, operation?: MessageOperation): MessageFault | undefined {
    return this.#inject(this.#messages, direction, operation);
  }

  answer(operation: Operation): AnswerFault | undefined {
    return this.#inject(this.#answers, undefined, operation);
  }

  connect(): HandshakeFault | undefined {
    return this.#inject(this.#connects);
  }

  subscribe(): HandshakeFault | undefined {
    return this.#inject(this.#subscribes);
  }

  clear(): void {
    this.#messages = [];
    this.#answers = [];
    this.#connects = [];
    this.#subscribes = [];
  }

  #armed<Fault>(fault: Fault, { times, forMs }: Extent, applies: Armed<Fault>['applies']): Armed<Fault> {
    const until = forMs === undefined ? Infinity : this.#now() + forMs;
    return { fault, applies, left: times ?? (forMs === undefined ? 1 : Infinity), until };
  }

  #inject<Fault>(
    armed: readonly Armed<Fault>[],
    direction?: Direction,
    operation?: MessageOperation,
  ): Fault | undefined {
    const now = this.#now();
    const hit = armed.find((one) => one.left > 0 && now < one.until && one.applies(direction, operation));
    if (hit === undefined) return undefined;
    hit.left -= 1;
    return hit.fault;
  }
}

function always(): boolean {
  return true;
}
