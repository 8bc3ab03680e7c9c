/**
 * Which thing one client is, from its CONNECT to its end. Without certificates it may be undecided at first: the first thing that
 * it speaks for is then the one that it is, unless its client id is the name of a thing, which it is in that case.
 * Source: docs/identity.md.
 */
import { type IdentityRule, type Principal, identityAdvice, noThing, undecided } from './identity.ts';
import { type Access, thingNamedIn } from './permissions.ts';
import type { RegisteredAccess } from './registered-principals.ts';

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
    const named = thingNamedIn(topic);
    if (named === undefined) return undefined;
    this.principal = named !== clientId && this.#isThing(clientId) ? clientId : named;
    return this.principal;
  }

  /** What to do when it may not act for a thing. */
  get advice(): string {
    if (this.allows !== undefined) return 'AttachPolicy gives a certificate the policy that allows it.';
    return identityAdvice(this.rule, this.principal);
  }
}
