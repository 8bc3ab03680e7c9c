/** The requests of one device that have no answer yet on this connection. */
import type { ObservationOf } from '../../observation/observation.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';

export type OpenRequest = ObservationOf<'sent'>;

type Reply = Extract<DeviceMessage, { readonly kind: 'reply' }>;

/** Somebody who floods the service is found by other means. */
const remembersRequests = 128;

export class OpenRequests {
  /** In order. */
  all: readonly OpenRequest[] = [];
  /** When the last of its requests was answered. */
  answeredAt: EpochMs = 0;
  /** When the latest request was sent that has an answer: one before it without an answer will get none. */
  answeredUpTo: EpochMs = 0;

  sent(seen: OpenRequest): void {
    this.all = this.all.length === 0 ? [seen] : [...this.all.slice(1 - remembersRequests), seen];
  }

  /** @returns what is answered; an answer to nothing that is open is a copy, and is dropped. */
  answer(reply: Reply, at: EpochMs): OpenRequest | undefined {
    const index = this.#openFor(reply);
    if (index === -1) return undefined;
    const answered = this.all[index]!;
    this.#remove(index);
    this.answeredAt = at;
    this.answeredUpTo = Math.max(this.answeredUpTo, answered.at);
    if (reply.payload.clientToken !== undefined) this.#closeRepeats(reply);
    return answered;
  }

  /** A new connection, or none. */
  clear(): void {
    this.all = none;
  }

  /** Earlier tries of what was just answered, under the same token. */
  #closeRepeats(reply: Reply): void {
    for (let index = this.#openFor(reply); index !== -1; index = this.#openFor(reply)) this.#remove(index);
  }

  #remove(index: number): void {
    this.all = this.all.length === 1 ? none : this.all.toSpliced(index, 1);
  }

  #openFor(reply: Reply): number {
    for (let index = 0; index < this.all.length; index += 1) if (answers(reply, this.all[index]!)) return index;
    return -1;
  }
}

const none: readonly OpenRequest[] = [];

function answers({ operation, jobId, namespaceId, payload }: Reply, { request }: OpenRequest): boolean {
  return (
    request.operation === operation &&
    request.namespaceId === namespaceId &&
    (jobId === undefined || request.jobId === jobId) &&
    request.body.clientToken === payload.clientToken
  );
}
