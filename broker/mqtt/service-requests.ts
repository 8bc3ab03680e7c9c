/**
 * What clients ask of the service: requests on the topics of Jobs and on AWS's other reserved topics. A request is answered to
 * its connection and forwarded to nobody; its PUBACK leaves together with the answer.
 * Source: docs/reference/mqtt-api.md §3, docs/reference/ambiguities.md A30.
 */
import type { Watchers } from '../../observation/watchers.ts';
import type { ReplyOutcome } from '../../protocol/topics.ts';
import type { AnswerFaults } from '../../faults/service-faults.ts';
import type { ServicePort } from '../engine/port.ts';
import type { Publication } from './client-stream.ts';
import type { EventListener } from './door-events.ts';
import type { Qos } from './message.ts';
import type { ServiceTopic } from './permissions.ts';
import type { DoorReadings } from './readings.ts';
import { type AnswerOptions, type Request, answer } from './requests.ts';
import type { ReservedRequests } from './reserved-requests.ts';
import type { ReservedTopic } from './reserved-topics.ts';
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

/** Nobody is there for the answer. */
const nobody: Pick<Request, 'reply' | 'answered'> = { reply() {}, answered() {} };

/** What a connected client asks of the Jobs service. One object for each request: there are very many. */
class ClientRequest implements Request {
  readonly clientId: string;
  readonly qos: Qos;
  readonly topic: string;
  readonly parsed: Request['parsed'];
  readonly payload: Buffer;
  readonly #sessions: Sessions;
  readonly #asker: Connection;

  constructor(
    sessions: Sessions,
    asker: Connection,
    { topic, qos }: Publication,
    parsed: Request['parsed'],
    payload: Buffer,
  ) {
    this.clientId = asker.session.clientId;
    this.qos = qos === 0 ? 0 : 1;
    this.topic = topic;
    this.parsed = parsed;
    this.payload = payload;
    this.#sessions = sessions;
    this.#asker = asker;
  }

  reply(outcome: ReplyOutcome, payload: string | Buffer): void {
    this.#sessions.reply(this.#asker, this.#asker.replyTopic(this.topic, outcome), payload, this.qos);
  }

  answered(): void {
    this.#asker.outbox.release();
  }
}

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
    const { sessions, readings } = this.#options;
    const payload = readings.finalNul === 'passed over' ? withoutFinalNul(publication.payload) : publication.payload;
    if (topic.kind === 'reserved') this.#takeReserved(asker, publication, topic, payload);
    else answer(this.#answering, new ClientRequest(sessions, asker, publication, topic, payload));
  }

  /** The features beside Jobs take no last wills: documented for shadows, assumed for others. */
  takeWill(clientId: string, { topic, payload, qos }: Publication, parsed: ServiceTopic): void {
    if (parsed.kind !== 'reserved') {
      answer(this.#answering, { clientId, topic, parsed, payload, qos: qos === 0 ? 0 : 1, ...nobody });
    }
  }

  #takeReserved(asker: Connection, { topic, qos }: Publication, parsed: ReservedTopic, payload: Buffer): void {
    const { sessions, reserved, readings } = this.#options;
    const maxQos = qos === 0 ? 0 : 1;
    reserved.take(
      { topic, parsed, payload, clientId: asker.session.clientId, connection: asker },
      {
        reply: (replyTopic, replyPayload) => sessions.reply(asker, replyTopic, replyPayload, maxQos),
        announce: (toldTopic, told) => sessions.routing.announce(toldTopic, () => told),
        tell(toldTopic, told) {
          if (readings.streamReplies === 'asker and subscribers')
            sessions.replyUnlessSubscribed(asker, toldTopic, told);
          sessions.routing.announce(toldTopic, () => told, maxQos);
        },
        drained: () => sessions.drained(asker),
        done: () => asker.outbox.release(),
      },
    );
  }
}

const nul = 0;
const brace = '{'.codePointAt(0);

/** Of text that looks like JSON; in CBOR such a byte is a number. */
function withoutFinalNul(payload: Publication['payload']): Publication['payload'] {
  return payload.at(-1) === nul && payload[0] === brace ? payload.subarray(0, -1) : payload;
}
