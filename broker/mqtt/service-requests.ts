/**
 * What clients ask of the service: requests on the topics of Jobs and on AWS's other reserved topics. A request is answered to
 * its connection and forwarded to nobody; its PUBACK leaves together with the answer.
 * Source: docs/reference/mqtt-api.md §3, docs/reference/ambiguities.md A30.
 */
import type { Watchers } from '../../observation/watchers.ts';
import type { AnswerFaults } from '../../faults/service-faults.ts';
import type { ServicePort } from '../engine/port.ts';
import type { Publication } from './client-stream.ts';
import type { EventListener } from './door-events.ts';
import type { ServiceTopic } from './permissions.ts';
import type { DoorReadings } from './readings.ts';
import { type AnswerOptions, type Asker, answer } from './requests.ts';
import type { ReservedRequests } from './reserved-requests.ts';
import type { Connection } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface ServiceRequestsOptions {
  readonly port: ServicePort;
  readonly sessions: Sessions;
  /** Deals with what is no business of the Jobs service. */
  readonly reserved: ReservedRequests;
  /** What goes wrong with answers; absent: nothing. */
  readonly faults: AnswerFaults | undefined;
  readonly readings: Pick<DoorReadings, 'emptyPayload' | 'streamReplies' | 'finalNul'>;
  readonly onEvent: EventListener | undefined;
  readonly watchers: Watchers;
}

const nobody: Asker = { reply: () => {}, answered: () => {} };

export class ServiceRequests {
  readonly #options: ServiceRequestsOptions;

  readonly #answering: AnswerOptions;

  constructor(options: ServiceRequestsOptions) {
    this.#options = options;
    const { port, faults, onEvent, watchers } = options;
    const { emptyPayload } = options.readings;
    this.#answering = {
      port,
      faults,
      emptyPayload,
      watchers,
      unreadable:
        onEvent && (({ clientId, topic }, message) => onEvent({ kind: 'malformed-json', clientId, topic, message })),
    };
  }

  take(asker: Connection, publication: Publication, topic: ServiceTopic): void {
    const { outbox } = asker;
    outbox.hold();
    if (publication.qos === 1) outbox.acknowledge(publication.messageId);
    this.#answer(asker, publication, topic, () => outbox.release());
  }

  /** Nobody is there for the answer. The features beside Jobs take no last wills: documented for shadows, assumed for others. */
  takeWill(clientId: string, { topic, payload, qos }: Publication, parsed: ServiceTopic): void {
    if (parsed.kind !== 'reserved') {
      answer(this.#answering, { clientId, topic, parsed, payload, qos: qos === 0 ? 0 : 1 }, nobody);
    }
  }

  #answer(asker: Connection, publication: Publication, parsed: ServiceTopic, answered: () => void): void {
    const { sessions, reserved, readings } = this.#options;
    const { clientId } = asker.session;
    const { topic } = publication;
    const payload = readings.finalNul === 'passed over' ? withoutFinalNul(publication.payload) : publication.payload;
    const qos = publication.qos === 0 ? 0 : 1;
    if (parsed.kind === 'reserved') {
      reserved.take(
        { topic, parsed, payload, clientId, connection: asker },
        {
          reply: (replyTopic, replyPayload) => sessions.reply(asker, replyTopic, replyPayload, qos),
          announce: (toldTopic, told) => sessions.routing.announce(toldTopic, () => told),
          tell(toldTopic, told) {
            if (readings.streamReplies === 'asker and subscribers')
              sessions.replyUnlessSubscribed(asker, toldTopic, told);
            sessions.routing.announce(toldTopic, () => told, qos);
          },
          drained: () => sessions.drained(asker),
          done: answered,
        },
      );
      return;
    }
    const request = { clientId, topic, parsed, payload, qos } as const;
    const reply = (replyTopic: string, replyPayload: string | Buffer): void =>
      sessions.reply(asker, replyTopic, replyPayload, qos);
    answer(this.#answering, request, { reply, answered });
  }
}

const nul = 0;
const brace = '{'.codePointAt(0);

/** Of text that looks like JSON; in CBOR such a byte is a number. */
function withoutFinalNul(payload: Publication['payload']): Publication['payload'] {
  return payload.at(-1) === nul && payload[0] === brace ? payload.subarray(0, -1) : payload;
}
