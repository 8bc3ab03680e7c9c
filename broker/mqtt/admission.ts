/**
 * The CONNECT of one client: who it is, by the certificate of the registry that it may show, whether it is let in, and on what terms.
 * Decides and tells nobody; the client's connection acts on it.
 * Source: docs/reference/connection.md §2 and §4, docs/reference/limits.md §5.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { IConnectPacket } from 'mqtt-packet';
import { type ConnectionProof, admit } from './access-control.ts';
import { type ClientIdentity, policyAdvice } from './client-identity.ts';
import type { ClientStream, WillProperties } from './client-stream.ts';
import { Disconnection } from './disconnection.ts';
import { type Principal, identityAdvice } from './identity.ts';
import { type LastWill, lastWillIn } from './last-will.ts';
import type { MemoryBounds } from './memory-bounds.ts';
import { type Agreement, agreementOn } from './mqtt5-connect.ts';
import { judgePublish, parseTopic } from './permissions.ts';
import type { RegisteredAccess, RegisteredClient, RegisteredPrincipals } from './registered-principals.ts';
import type { StrictLimits } from './strict-limits.ts';

/** What it needs of the door. */
export interface AdmissionContext {
  readonly registered: RegisteredPrincipals;
  readonly strict: StrictLimits | undefined;
  readonly bounds: MemoryBounds;
  readonly sessions: { hasRoomFor(clientId: string): boolean };
}

/** A client that may come in. */
export interface Admitted {
  readonly principal: Principal;
  readonly access: RegisteredAccess | undefined;
  readonly agreement: Agreement;
  /** For which there is room: {@link MemoryBounds.will}, by the client's stream. */
  readonly will: LastWill | undefined;
}

export class Admission {
  readonly #context: AdmissionContext;
  readonly #proof: ConnectionProof;
  readonly #identity: ClientIdentity;
  readonly #stream: ClientStream;
  #registeredAs: RegisteredClient | undefined;

  constructor(context: AdmissionContext, proof: ConnectionProof, identity: ClientIdentity, stream: ClientStream) {
    this.#context = context;
    this.#proof = proof;
    this.#identity = identity;
    this.#stream = stream;
  }

  /** @param decided called now, or when the registry has answered; not for a connection that has ended by then. */
  decide(
    packet: IConnectPacket,
    will: WillProperties | undefined,
    decided: (outcome: Admitted | Disconnection) => void,
  ): void {
    const { registered } = this.#context;
    const client = this.#registeredClient(packet.clientId);
    const lastWill = lastWillIn(packet, will);
    if (client === undefined) {
      decided(this.#outcome(packet, lastWill));
      return;
    }
    registered.identify(client, ({ access, refused }) => {
      this.#registeredAs = client;
      if (this.#stream.destroyed) registered.forget(client);
      else if (refused === undefined) decided(this.#outcome(packet, lastWill, access));
      else {
        const advice = 'DescribeCertificate shows its status.';
        decided(new Disconnection('notAuthorized', `connection refused: ${refused}`, advice));
      }
    });
  }

  /** The connection has ended. */
  ended(): void {
    if (this.#registeredAs !== undefined) this.#context.registered.forget(this.#registeredAs);
  }

  /** `undefined` where a certificate of the registry would not count, or none is shown. */
  #registeredClient(clientId: string): RegisteredClient | undefined {
    const { identity, certificate } = this.#proof;
    if (identity !== 'certificate' || certificate === undefined) return undefined;
    const cutOff = (): void => {
      this.#stream.destroy(new Disconnection('notAuthorized', 'its certificate is not active any more'));
    };
    return { clientId, certificate, sourceIp: remoteAddressOf(this.#proof), cutOff };
  }

  #outcome(packet: IConnectPacket, will: LastWill | undefined, access?: RegisteredAccess): Admitted | Disconnection {
    const { strict, sessions, bounds } = this.#context;
    const { clientId, clean } = packet;
    if (strict?.mayConnect(clientId) === false) return unavailable('a second CONNECT within a second');
    const principal = admit(packet, this.#stream.version, this.#proof, access);
    if (principal instanceof Disconnection) return principal;
    if (clean !== true && !sessions.hasRoomFor(clientId)) {
      return unavailable('as many persistent sessions as this service keeps');
    }
    const forbidden = will && this.#forbiddenWill(will, clientId, principal, access);
    if (forbidden !== undefined) return forbidden;
    if (will !== undefined && !bounds.will(this.#stream, will.publication)) {
      return unavailable('no room for a last will');
    }
    return { principal, access, agreement: agreementOn(packet, randomUUID), will };
  }

  /** Documented: who leaves a last will on a topic that it may not publish on is not let in (connect_failed). */
  #forbiddenWill(
    { publication }: LastWill,
    clientId: string,
    principal: Principal,
    registered: RegisteredAccess | undefined,
  ): Disconnection | undefined {
    const { topic } = publication;
    const newcomer = this.#identity.newcomer(principal, clientId, topic, registered);
    const verdict = judgePublish(newcomer, publication, parseTopic(topic));
    if (verdict.kind !== 'refused' || verdict.reason !== 'notAuthorized') return undefined;
    const advice = registered?.allows === undefined ? identityAdvice(this.#identity.rule, principal) : policyAdvice;
    const message = `connection refused: its last will: ${verdict.message}`;
    return new Disconnection('notAuthorized', message, verdict.dependsOnWho === true ? advice : undefined);
  }
}

export function remoteAddressOf({ socket }: ConnectionProof): string | undefined {
  return (socket as Partial<Socket> | undefined)?.remoteAddress;
}

function unavailable(what: string): Disconnection {
  return new Disconnection('serverUnavailable', `connection refused: ${what}`);
}
