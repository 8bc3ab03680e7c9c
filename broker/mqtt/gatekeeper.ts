/**
 * The hooks with which aedes asks before it does something: may this client in, may it publish, subscribe, receive. Carries out
 * what identity.ts and permissions.ts decide, and AWS's limits on a connection. Once a client is in, every hook answers at
 * once: aedes reorders the packets of a client whose hooks answer later.
 * Source: reference connection.md §2–§4, limits.md §5.
 */
import type { Duplex } from 'node:stream';
import type { AedesOptions, Client, PublishPacket } from 'aedes';
import { maxClientIdBytes } from '../../protocol/limits.ts';
import { Disconnection } from './disconnection.ts';
import { type IdentityMode, type Principal, identify, noThing } from './identity.ts';
import { keepAliveOf } from './keep-alive.ts';
import { cutOffUnread } from './outbox.ts';
import { type ServiceTopic, judgePublish, mayReceive, maySubscribe } from './permissions.ts';
import type { DoorReadings } from './readings.ts';
import type { SessionTerms } from './session-terms.ts';
import type { Sessions } from './sessions.ts';
import { type StrictLimits, isWithinTopicLimits } from './strict-limits.ts';

/** What a transport has found out about who is coming. */
export interface ConnectionProof {
  readonly identity: IdentityMode;
  /** Common name of the verified certificate. */
  readonly certificateName?: string | undefined;
  /** Host name or address by which it has come. */
  readonly address?: string | undefined;
  /** What it comes in by; absent where that is no socket of ours. */
  readonly socket?: Duplex;
  /** What an MQTT 5 client asks for; 3.1.1 has no more than a clean session or not. */
  readonly terms?: SessionTerms;
}

/** CONNACK return codes of MQTT 3.1.1 §3.2.2.3. */
const identifierRejected = 2;
const serverUnavailable = 3;
const notAuthorized = 5;

type Refusal = Parameters<Parameters<NonNullable<AedesOptions['authenticate']>>[3]>[0];

export class Gatekeeper {
  readonly #sessions: Sessions;
  readonly #strict: StrictLimits | undefined;
  readonly #closesForbidden: boolean;
  readonly #proofs = new WeakMap<Client, ConnectionProof>();
  /** Kept beyond the session's connection, because a last will is judged after it has ended. */
  readonly #principals = new WeakMap<Client, Principal>();
  readonly #admitted = new WeakMap<PublishPacket, ServiceTopic>();

  /** @param strict AWS's limits that a bench does without; absent: it does. */
  constructor(sessions: Sessions, strict?: StrictLimits, forbidden: DoorReadings['forbiddenSubscribe'] = 'refused') {
    this.#sessions = sessions;
    this.#strict = strict;
    this.#closesForbidden = strict !== undefined || forbidden === 'closed';
  }

  /** Somebody is at the door, and will send CONNECT. */
  expect(client: Client, proof: ConnectionProof): void {
    this.#proofs.set(client, proof);
  }

  proofOf(client: Client): ConnectionProof {
    return this.#proofs.get(client)!;
  }

  principalOf(client: Client): Principal {
    return this.#principals.get(client) ?? noThing;
  }

  /** What a publication is for the service, when it was let through to it. */
  admitted(packet: PublishPacket): ServiceTopic | undefined {
    return this.#admitted.get(packet);
  }

  readonly hooks: AedesOptions = {
    preConnect: (_client, packet, done) => {
      packet.keepalive = keepAliveOf(packet.keepalive ?? 0);
      done(null, true);
    },

    authenticate: (client, username, _password, done) => {
      const { identity, certificateName, terms } = this.#proofs.get(client)!;
      const principal = identify(identity, { clientId: client.id, username, certificateName });
      if (Buffer.byteLength(client.id) > maxClientIdBytes) {
        done(refusal(`a client id above ${maxClientIdBytes} bytes`, identifierRejected), false);
      } else if (client.id.includes('\0')) {
        // MQTT 3.1.1 §1.5.3: such a string closes the connection. No store keeps it as it is, either.
        done(refusal('a client id with U+0000', identifierRejected), false);
      } else if (principal === undefined) {
        done(refusal(`no ${identity} to tell who this is`, notAuthorized), false);
      } else if (this.#strict?.mayConnect(client.id) === false) {
        done(refusal('a second CONNECT within a second', serverUnavailable), false);
      } else if (!client.clean && !this.#sessions.hasRoomFor(client.id)) {
        done(refusal('as many persistent sessions as this service keeps', serverUnavailable), false);
      } else {
        this.#principals.set(client, principal);
        const cleared = this.#sessions.open(client, principal, terms);
        if (cleared === undefined) done(null, true);
        else void after(cleared, () => done(null, true));
      }
    },

    /** An error closes the connection, as AWS does. Last wills pass here too. */
    authorizePublish: (client, packet, done) => {
      const verdict = judgePublish(client === null ? noThing : this.principalOf(client), client?.id ?? '', packet);
      if (verdict.kind === 'refused') {
        done(new Disconnection(verdict.reason, `publish refused: ${verdict.message}`));
        return;
      }
      if (this.#strict !== undefined && (packet.qos > 1 || !isWithinTopicLimits(packet.topic))) {
        const reason = packet.qos > 1 ? 'qosNotSupported' : 'topicNameInvalid';
        done(new Disconnection(reason, `publish refused: ${packet.topic}`));
        return;
      }
      if (verdict.kind === 'service') this.#admitted.set(packet, verdict.topic);
      done(null);
    },

    /**
     * No subscription is SUBACK 0x80, or the connection is closed (ambiguities.md A18). Subscriptions of a session that is
     * resumed pass here too.
     */
    authorizeSubscribe: (client, subscription, done) => {
      const { topic, qos } = subscription;
      if (client.closed) {
        done(new Error('the connection is closed'));
        return;
      }
      const allowed = maySubscribe(this.principalOf(client), client.id, topic);
      const fits = this.#strict === undefined || isWithinTopicLimits(topic);
      if (!fits || (!allowed && this.#closesForbidden)) {
        done(new Disconnection(allowed ? 'topicFilterInvalid' : 'notAuthorized', `subscribe refused: ${topic}`));
        return;
      }
      // AWS has no QoS 2, and aedes cannot grant less than what was asked for.
      const granted = qos < 2 && allowed && this.#sessions.subscribe(client, topic, qos === 1 ? 1 : 0);
      done(null, granted ? subscription : null);
    },

    /** Stored messages pass here too: a session may have been taken over by somebody else. */
    authorizeForward: (client, packet) => {
      // Destroyed but not withheld: aedes must keep what a persistent session has not read.
      cutOffUnread(client);
      if (packet.topic.startsWith('$') && !mayReceive(this.principalOf(client), client.id, packet.topic)) return null;
      if (this.#strict === undefined) return packet;
      // AWS hands out what is retained to filters that name its topic, not to wildcards.
      const wanted = !packet.retain || this.#sessions.subscribesTo(client, packet.topic);
      return wanted && this.#strict.mayPass(client) ? packet : null;
    },
  };
}

async function after(cleared: Promise<void>, go: () => void): Promise<void> {
  await cleared;
  go();
}

function refusal(reason: string, returnCode: number): Refusal {
  return Object.assign(new Error(`connection refused: ${reason}`), { returnCode }) as Refusal;
}
