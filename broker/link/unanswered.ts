/**
 * What a door has asked the engine and has no answer to yet, by number. When the link breaks, everything is answered with an error
 * that says that it may have been done: what the engine did is not guessed.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { Rejected, Reply } from '../engine/contract.ts';
import type { WrittenAnswer } from '../engine/port.ts';

export type Answer = (reply: Reply<never>, at: EpochMs) => void;
export type TakeAnswer = (answer: WrittenAnswer | Rejected) => void;

/** As many commands may be under way at once; a busy door has some hundreds. */
const maxUnanswered = 100_000;

const interrupted: Rejected = {
  accepted: false,
  code: 'InternalError',
  message: 'The service was interrupted; what was asked may have been done.',
};
export const tooMuch: Rejected = { accepted: false, code: 'RequestThrottled', message: 'Rate exceeded' };

/** What waits for an answer, by the number of its place: there are few at a time and very many in all, so places are used again. */
class Places<Waiting> {
  readonly #all: (Waiting | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#all.length - this.#free.length;
  }

  take(waiting: Waiting): number {
    const place = this.#free.pop() ?? this.#all.length;
    this.#all[place] = waiting;
    return place;
  }

  leave(place: number): Waiting | undefined {
    const waiting = this.#all[place];
    if (waiting === undefined) return undefined;
    this.#all[place] = undefined;
    this.#free.push(place);
    return waiting;
  }

  empty(): readonly Waiting[] {
    const all = this.#all.filter((waiting) => waiting !== undefined);
    this.#all.length = 0;
    this.#free.length = 0;
    return all;
  }
}

interface Keeping {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Unanswered {
  readonly #commands = new Places<Answer>();
  /** Of devices, as they were written. */
  readonly #requests = new Places<TakeAnswer>();
  readonly #keeping = new Places<Keeping>();
  /** Interests that the engine may not know of. */
  readonly #interests = new Places<() => void>();

  get isFull(): boolean {
    return this.#commands.size + this.#requests.size >= maxUnanswered;
  }

  command(answer: Answer): number {
    return this.#commands.take(answer);
  }

  request(answer: TakeAnswer): number {
    return this.#requests.take(answer);
  }

  interest(known: () => void): number {
    return this.#interests.take(known);
  }

  /** @param ask says that it is asked whether all is kept. @returns settles with the answer */
  keeping(ask: (id: number) => void): Promise<void> {
    return new Promise((resolve, reject) => ask(this.#keeping.take({ resolve, reject })));
  }

  answered(id: number, reply: Reply<unknown>, at: EpochMs): void {
    this.#commands.leave(id)?.(reply as Reply<never>, at);
  }

  /** @param answer as it is to be sent, or a refusal of what was not read */
  written(id: number, answer: WrittenAnswer | Rejected): void {
    this.#requests.leave(id)?.(answer);
  }

  known(id: number): void {
    this.#interests.leave(id)?.();
  }

  settled(id: number, isKept: boolean): void {
    const waiting = this.#keeping.leave(id);
    if (isKept) waiting?.resolve();
    else waiting?.reject(new Error('the service could not store its state'));
  }

  /** What was to be kept is not. */
  giveUpKeeping(): void {
    for (const { reject } of this.#keeping.empty()) reject(new Error(interrupted.message));
  }

  /** The link has broken. */
  interrupt(at: EpochMs): void {
    const requests = this.#requests.empty();
    for (const answer of this.#commands.empty()) answer(interrupted, at);
    for (const answer of requests) answer(interrupted);
    this.giveUpKeeping();
    // The next engine hears of all interests before anything else.
    for (const known of this.#interests.empty()) known();
  }
}
