/**
 * Takes what clients say to the Jobs service out of their packets, and answers it. A client that is ready is served where its
 * packets are read, because aedes would take three turns of the event loop over a request and most of the time that an
 * exchange takes. What goes through aedes all the same (last wills, requests made before the client was ready) is
 * taken before it is routed. Either way a request is answered to its connection and forwarded to nobody.
 */
import type { Client, PublishPacket } from 'aedes';
import type { Packet } from 'mqtt-packet';
import type { RequestTopic, UnknownJobsTopic } from '../../protocol/topics.ts';
import type { ServicePort } from '../engine/port.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { heardFrom } from './keep-alive.ts';
import { judgePublish } from './permissions.ts';
import type { DoorReadings } from './readings.ts';
import { answer } from './requests.ts';
import type { Sessions } from './sessions.ts';

export interface RequestDeskOptions {
  readonly port: ServicePort;
  readonly sessions: Sessions;
  readonly gatekeeper: Gatekeeper;
  /** Says of each publication whether it is one too many, which is dropped as if it had never come. */
  readonly mayPass: (client: Client) => boolean;
  /** Some answers come late, twice or never, so that nothing may wait for them: PUBACKs leave at once. */
  readonly answersMayStray: boolean;
  readonly emptyPayload: DoorReadings['emptyPayload'];
}

type Publication = Pick<PublishPacket, 'topic' | 'payload' | 'qos'>;

export class RequestDesk {
  readonly #options: RequestDeskOptions;

  constructor(options: RequestDeskOptions) {
    this.#options = options;
  }

  /** A packet has been read. @returns true when it is dealt with and aedes is not to see it. */
  takeRead(packet: Packet, client: Client): boolean {
    const taken = this.#isTaken(packet, client);
    if (taken) heardFrom(client);
    return taken;
  }

  /** aedes is about to route a publication. @returns true when it is not to. */
  takeRouted(packet: PublishPacket, client: Client): boolean {
    const topic = this.#options.gatekeeper.admitted(packet);
    if (topic !== undefined) this.#answer(packet, topic, client);
    return topic !== undefined;
  }

  #isTaken(packet: Packet, client: Client): boolean {
    const { sessions, mayPass, answersMayStray } = this.#options;
    switch (packet.cmd) {
      case 'publish': {
        if (!mayPass(client)) return true;
        const line = sessions.lineTo(client);
        if (line === undefined) return false;
        const { principal, outbox } = line;
        const verdict = judgePublish(principal, packet);
        if (verdict.kind !== 'jobs') return false;
        if (!answersMayStray) outbox.hold();
        if (packet.qos === 1) outbox.acknowledge(packet.messageId!);
        this.#answer(packet, verdict.topic, client, answersMayStray ? undefined : () => outbox.release());
        return true;
      }
      case 'puback':
        // Nothing is remembered of what a clean session was sent, so nothing is to be forgotten.
        return client.clean && sessions.lineTo(client) !== undefined;
      default:
        return false;
    }
  }

  #answer(
    { topic, payload, qos }: Publication,
    parsed: RequestTopic | UnknownJobsTopic,
    client: Client,
    answered?: () => void,
  ): void {
    const { port, sessions, emptyPayload } = this.#options;
    answer(port, { topic, parsed, payload, emptyPayload }, (replyTopic, replyPayload) => {
      sessions.reply(client, replyTopic, replyPayload, qos === 0 ? 0 : 1);
      answered?.();
    });
  }
}
