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

export class Unanswered {
  #nextId = 1;
  readonly #commands = new Map<number, Answer>();
  /** Of devices, as they were written. */
  readonly #requests = new Map<number, TakeAnswer>();
  readonly #keeping = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  /** Interests that the engine may not know of. */
  readonly #interests = new Map<number, () => void>();

  get isFull(): boolean {
    return this.#commands.size + this.#requests.size >= maxUnanswered;
  }

  command(answer: Answer): number {
    const id = this.#nextId++;
    this.#commands.set(id, answer);
    return id;
  }

  request(answer: TakeAnswer): number {
    const id = this.#nextId++;
    this.#requests.set(id, answer);
    return id;
  }

  interest(known: () => void): number {
    const id = this.#nextId++;
    this.#interests.set(id, known);
    return id;
  }

  /** @param ask says that it is asked whether all is kept. @returns settles with the answer */
  keeping(ask: (id: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#keeping.set(id, { resolve, reject });
      ask(id);
    });
  }

  /** A command was answered, or a request was refused before it was read. */
  answered(id: number, reply: Reply<unknown>, at: EpochMs): void {
    taken(this.#commands, id)?.(reply as Reply<never>, at);
    if (!reply.accepted) this.written(id, reply);
  }

  written(id: number, answer: WrittenAnswer | Rejected): void {
    taken(this.#requests, id)?.(answer);
  }

  known(id: number): void {
    taken(this.#interests, id)?.();
  }

  settled(id: number, isKept: boolean): void {
    const waiting = taken(this.#keeping, id);
    if (isKept) waiting?.resolve();
    else waiting?.reject(new Error('the service could not store its state'));
  }

  /** What was to be kept is not. */
  giveUpKeeping(): void {
    for (const { reject } of emptied(this.#keeping)) reject(new Error(interrupted.message));
  }

  /** The link has broken. */
  interrupt(at: EpochMs): void {
    const requests = emptied(this.#requests);
    for (const answer of emptied(this.#commands)) answer(interrupted, at);
    for (const answer of requests) answer(interrupted);
    this.giveUpKeeping();
    // The next engine hears of all interests before anything else.
    for (const known of emptied(this.#interests)) known();
  }
}

function taken<Value>(all: Map<number, Value>, id: number): Value | undefined {
  const value = all.get(id);
  all.delete(id);
  return value;
}

function emptied<Value>(all: Map<number, Value>): readonly Value[] {
  const values = [...all.values()];
  all.clear();
  return values;
}
