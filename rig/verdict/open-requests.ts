/** The requests of one device that have no answer yet on this connection. */
import type { ObservationOf } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';

export interface OpenRequest {
  readonly request: DeviceRequest;
  readonly seen: ObservationOf<'sent'>;
}

type Reply = Extract<DeviceMessage, { readonly kind: 'reply' }>;

/** Somebody who floods the service is found by other means. */
const remembersRequests = 128;

export class OpenRequests {
  /** In order. */
  all: OpenRequest[] = [];
  /** When the last of its requests was answered. */
  answeredAt: EpochMs = 0;
  /** When the latest request was sent that has an answer: one before it without an answer will get none. */
  answeredUpTo: EpochMs = 0;

  sent(seen: ObservationOf<'sent'>): void {
    this.all.push({ request: seen.request, seen });
    if (this.all.length > remembersRequests) this.all.shift();
  }

  /** @returns what is answered; an answer to nothing that is open is a copy, and is dropped. */
  answer(reply: Reply, at: EpochMs): OpenRequest | undefined {
    const index = this.#openFor(reply);
    if (index === -1) return undefined;
    const [answered] = this.all.splice(index, 1);
    this.answeredAt = at;
    this.answeredUpTo = Math.max(this.answeredUpTo, answered!.seen.at);
    if (reply.payload.clientToken !== undefined) this.#closeRepeats(reply);
    return answered;
  }

  /** A new connection, or none. */
  clear(): void {
    if (this.all.length > 0) this.all = [];
  }

  /** Earlier tries of what was just answered, under the same token. */
  #closeRepeats(reply: Reply): void {
    for (let index = this.#openFor(reply); index !== -1; index = this.#openFor(reply)) this.all.splice(index, 1);
  }

  #openFor({ operation, jobId, namespaceId, payload }: Reply): number {
    return this.all.findIndex(
      ({ request }) =>
        request.operation === operation &&
        request.namespaceId === namespaceId &&
        (jobId === undefined || request.jobId === jobId) &&
        request.body.clientToken === payload.clientToken,
    );
  }
}
