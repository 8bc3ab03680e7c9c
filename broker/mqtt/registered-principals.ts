/**
 * Who a certificate of the registry stands for, what its policies allow, and for how long: asked of the service when a client
 * connects, and again when the service says that something about it has changed. A client whose certificate is no
 * longer ACTIVE is cut off at once (AWS takes minutes: open point S8). A certificate that is in no registry is identity.ts's
 * business. Source: docs/reference/shadow-and-provisioning.md §2 and §3.
 */
import type { PeerCertificate } from 'node:tls';
import { type Policy, type PolicyVariables, policyOf } from '../../protocol/iot-policy.ts';
import { type ArnScope, arnPrefix, isThingName } from '../../protocol/names.ts';
import type { PrincipalDescription } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import { certificateVariables } from '../net/certificate-variables.ts';
import { type Principal, everyThing, noThing } from './identity.ts';
import type { PolicyAction } from './permissions.ts';

/** A certificate as a client has shown it. */
export interface ShownCertificate {
  /** SHA-256 of its DER, in lowercase hexadecimal digits. */
  readonly id: string;
  /** Its common name; absent where another CA has signed it, and where it has several. */
  readonly name?: string;
  /** All that it says. */
  readonly peer: PeerCertificate;
}

export interface RegisteredClient {
  readonly clientId: string;
  readonly certificate: ShownCertificate;
  /** Address that it comes from. */
  readonly sourceIp: string | undefined;
  /** Its certificate is not good any more. */
  readonly cutOff: () => void;
}

/** Who a client is by its certificate, and what that allows now. */
export interface RegisteredAccess {
  readonly principal: Principal;
  /** The thing to which the certificate belongs exclusively. */
  readonly exclusiveThing?: string;
  /** What policies allow on a resource, `topic/a/b` for instance; absent where they are not asked. */
  readonly allows?: (action: PolicyAction, resource: string) => boolean;
}

/** `access`: it is let in. `refused`: it is not, and why. Neither: its certificate is in no registry. */
export interface Identified {
  readonly access?: RegisteredAccess;
  readonly refused?: string;
}

export class RegisteredPrincipals {
  readonly #port: ServicePort;
  readonly #scope: ArnScope | undefined;
  /** Clients that have been let in, by the certificate of each. */
  readonly #accesses = new Map<string, Map<RegisteredClient, ChangingAccess>>();

  /** @param scope of the resources that policies name; absent: policies are not asked. */
  constructor(port: ServicePort, scope?: ArnScope) {
    this.#port = port;
    this.#scope = scope;
  }

  isRegistered(certificateId: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#describe(certificateId, '', ({ certificate }) => resolve(certificate !== undefined));
    });
  }

  /** Calls `known` once; {@link forget} undoes it. */
  identify(client: RegisteredClient, known: (identified: Identified) => void): void {
    this.#describe(client.certificate.id, client.clientId, (description) => {
      if (description.certificate === undefined) return known({});
      if (description.certificate.status !== 'ACTIVE') return known({ refused: 'a certificate that is not active' });
      const access = new ChangingAccess(client, description, this.#scope);
      if (access.allows?.('iot:Connect', `client/${client.clientId}`) === false) {
        return known({ refused: 'no policy allows iot:Connect' });
      }
      this.#remember(client, access);
      known({ access });
    });
  }

  /** Something about this certificate has changed: what it is, what it is attached to, what that allows. */
  changed(certificateId: string): void {
    for (const [client, access] of this.#accesses.get(certificateId) ?? []) {
      this.#describe(certificateId, client.clientId, (description) => {
        if (description.certificate?.status === 'ACTIVE') access.update(description);
        else client.cutOff();
      });
    }
  }

  forget(client: RegisteredClient): void {
    const accesses = this.#accesses.get(client.certificate.id);
    accesses?.delete(client);
    if (accesses?.size === 0) this.#accesses.delete(client.certificate.id);
  }

  #remember(client: RegisteredClient, access: ChangingAccess): void {
    const accesses = this.#accesses.get(client.certificate.id);
    if (accesses === undefined) this.#accesses.set(client.certificate.id, new Map([[client, access]]));
    else accesses.set(client, access);
  }

  #describe(certificateId: string, clientId: string, tell: (description: PrincipalDescription) => void): void {
    const request = { certificateId, clientId };
    this.#port.submit({ name: 'jobrig:DescribePrincipal', request }, (reply) => {
      // A service that is closing knows nobody.
      tell(reply.accepted ? reply.response : { policies: [] });
    });
  }
}

class ChangingAccess implements RegisteredAccess {
  readonly principal: Principal;
  readonly exclusiveThing?: string;
  readonly allows?: (action: PolicyAction, resource: string) => boolean;
  readonly #variables: ReadonlyMap<string, string>;
  #policy: Policy | undefined;

  constructor(
    { clientId, certificate, sourceIp }: RegisteredClient,
    description: PrincipalDescription,
    scope: ArnScope | undefined,
  ) {
    const { thing } = description;
    if (thing?.isExclusive === true) this.exclusiveThing = thing.thingName;
    this.#variables = new Map([
      ...(scope === undefined ? [] : certificateVariables(certificate.peer)),
      ['iot:ClientId', clientId] as const,
      ...(sourceIp === undefined ? [] : [['aws:SourceIp', sourceIp] as const]),
    ]);
    if (scope === undefined) {
      this.principal = thingOf(clientId, description.certificate?.thingNames ?? []);
      return;
    }
    this.principal = everyThing;
    this.update(description);
    const prefix = arnPrefix(scope);
    this.allows = (action, resource) => this.#policy!(action, prefix + resource);
  }

  update({ policies, thing }: PrincipalDescription): void {
    const variables: PolicyVariables = (name) => this.#variables.get(name) ?? thingVariable(thing, name);
    this.#policy = policyOf(policies, variables);
  }
}

/** Only a thing to which the certificate is attached says more than that. */
function thingVariable(thing: PrincipalDescription['thing'], name: string): string | undefined {
  const [, variable, attribute] = /^iot:Connection\.Thing\.(\w+)(?:\[([^\]]+)\])?$/.exec(name) ?? [];
  if (variable === 'IsAttached') return String(thing?.isAttached === true);
  if (thing?.isAttached !== true) return undefined;
  if (variable === 'ThingName') return thing.thingName;
  if (variable === 'ThingTypeName') return thing.thingTypeName;
  return variable === 'Attributes' ? new Map(Object.entries(thing.attributes)).get(attribute ?? '') : undefined;
}

/** Where policies are not asked: the one thing that the certificate is attached to, or else the one of its client id. */
function thingOf(clientId: string, thingNames: readonly string[]): Principal {
  if (thingNames.length === 1) return thingNames[0]!;
  return isThingName(clientId) ? clientId : noThing;
}
