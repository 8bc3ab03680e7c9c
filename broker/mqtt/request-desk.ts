/**
 * Takes what clients say to the Jobs service out of their packets, and answers it. A client that is ready is served where its
 * packets are read, because aedes would take three turns of the event loop over a request and most of the time that an
 * exchange takes. What goes through aedes all the same (last wills, requests made before the client was ready) is
 * taken before it is routed. Either way a request is answered to its connection and forwarded to nobody.
 */
import type { Client, PublishPacket } from 'aedes';
import type { IPubackPacket, IPublishPacket, Packet } from 'mqtt-packet';
import type { ServicePort } from '../engine/port.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { heardFrom } from './keep-alive.ts';
import { type ServiceTopic, judgePublish } from './permissions.ts';
import type { DoorReadings } from './readings.ts';
import { answer } from './requests.ts';
import type { ReservedRequests } from './reserved-requests.ts';
import type { Connection, Sessions } from './sessions.ts';

export interface RequestDeskOptions {
  readonly port: ServicePort;
  readonly sessions: Sessions;
  readonly gatekeeper: Gatekeeper;
  /** Deals with what is no business of the Jobs service. */
  readonly reserved: ReservedRequests;
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

  /** @returns what to ask about every packet of the client that has been read: true when aedes is not to see it. */
  attend(client: Client): (packet: Packet) => boolean {
    const { sessions, mayPass } = this.#options;
    let asker: Connection | undefined;
    return (packet) => {
      if (packet.cmd !== 'publish' && packet.cmd !== 'puback') return false;
      asker ??= sessions.connectionOf(client);
      const isOneTooMany = packet.cmd === 'publish' && !mayPass(client);
      const taken = isOneTooMany || (asker?.ready === true && this.#isTaken(packet, asker));
      if (taken) heardFrom(client);
      return taken;
    };
  }

  /** aedes is about to route a publication. @returns true when it is not to. */
  takeRouted(packet: PublishPacket, client: Client): boolean {
    const { gatekeeper, sessions } = this.#options;
    const topic = gatekeeper.admitted(packet);
    // A last will is published when the client is closed already.
    if (topic !== undefined) this.#answer(packet, topic, client.closed ? undefined : sessions.connectionOf(client));
    return topic !== undefined;
  }

  #isTaken(packet: IPublishPacket | IPubackPacket, asker: Connection): boolean {
    // Nothing is remembered of what a clean session was sent, so nothing is to be forgotten.
    if (packet.cmd === 'puback') return asker.session.clean;
    const verdict = judgePublish(asker.principal, asker.session.clientId, packet);
    if (verdict.kind !== 'service') return false;
    const { answersMayStray } = this.#options;
    const { outbox } = asker;
    if (!answersMayStray) outbox.hold();
    if (packet.qos === 1) outbox.acknowledge(packet.messageId!);
    this.#answer(packet, verdict.topic, asker, answersMayStray ? undefined : () => outbox.release());
    return true;
  }

  /** @param asker `undefined` for a last will, whose sender is gone. */
  #answer(
    { topic, payload, qos }: Publication,
    parsed: ServiceTopic,
    asker: Connection | undefined,
    answered?: () => void,
  ): void {
    const { port, sessions, reserved, emptyPayload } = this.#options;
    if (parsed.kind === 'reserved') {
      // The features behind these topics take no last wills: documented for shadows, assumed for the others.
      if (asker === undefined) return;
      reserved.take(
        { topic, parsed, payload, clientId: asker.session.clientId },
        {
          reply: (replyTopic, replyPayload) => sessions.reply(asker, replyTopic, replyPayload, qos === 0 ? 0 : 1),
          announce: (toldTopic, told) => sessions.announce(toldTopic, () => told),
          done: () => answered?.(),
        },
      );
      return;
    }
    answer(port, { topic, parsed, payload, emptyPayload }, (replyTopic, replyPayload) => {
      if (asker !== undefined) sessions.reply(asker, replyTopic, replyPayload, qos === 0 ? 0 : 1);
      answered?.();
    });
  }
}
