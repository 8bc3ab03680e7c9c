/**
 * Which thing one client is, from its CONNECT to its end. Without certificates it may be undecided at first: the first thing that
 * it speaks for is then the one that it is, unless its client id is the name of a thing, which it is in that case.
 * Source: docs/identity.md.
 */
import { type IdentityRule, type Principal, identityAdvice, noThing, undecided } from './identity.ts';
import { type Access, thingNamedIn } from './permissions.ts';
import type { RegisteredAccess } from './registered-principals.ts';

/** What to do where policies decide. */
export const policyAdvice = 'AttachPolicy gives a certificate the policy that allows it.';

export class ClientIdentity implements Access {
  readonly rule: IdentityRule;
  principal: Principal = noThing;
  clientId = '';
  /** By its certificate, which is in the registry. */
  registered: RegisteredAccess | undefined;
  readonly #isThing: (name: string) => boolean;

  /** @param isThing whether there is a thing of this name. */
  constructor(rule: IdentityRule, isThing: (name: string) => boolean) {
    this.rule = rule;
    this.#isThing = isThing;
  }

  get allows(): Access['allows'] {
    return this.registered?.allows;
  }

  /** For permissions: nothing may be done for a thing while it is undecided. */
  get acting(): Principal {
    return this.principal === undecided ? noThing : this.principal;
  }

  /**
   * The client, which is undecided, uses a topic or a filter.
   * @returns the thing that it is from now on, when this has decided it.
   */
  decide(clientId: string, topic: string): string | undefined {
    const thingName = this.#thingBy(clientId, topic);
    if (thingName !== undefined) this.principal = thingName;
    return thingName;
  }

  /** As whom a client that is about to be let in would publish on a topic: nothing is decided by that. */
  newcomer(principal: Principal, clientId: string, topic: string, registered: RegisteredAccess | undefined): Access {
    const acting = principal === undecided ? (this.#thingBy(clientId, topic) ?? noThing) : principal;
    return { acting, clientId, allows: registered?.allows };
  }

  #thingBy(clientId: string, topic: string): string | undefined {
    const named = thingNamedIn(topic);
    return named !== undefined && named !== clientId && this.#isThing(clientId) ? clientId : named;
  }

  /** What to do when it may not act for a thing. */
  get advice(): string {
    if (this.allows !== undefined) return policyAdvice;
    return identityAdvice(this.rule, this.principal);
  }
}
