/**
 * Which thing an MQTT client is. On AWS a policy on the certificate decides; here one of these rules does, chosen when the
 * service starts. A client that is no thing may connect and use ordinary topics, but has no Jobs topics of its own.
 * Source: docs/reference/connection.md §4; the rules are jobrig's own (`--identity`, docs/identity.md).
 */
import { isThingName } from '../../protocol/names.ts';

/** What `--identity` may say: who names the thing; `open`: every client may act for all. */
export type IdentityMode = 'client-id' | 'username' | 'certificate' | 'open';

/** `first-thing`, the default without certificates: a client is the first thing that it speaks for. */
export type IdentityRule = IdentityMode | 'first-thing';

/** Acts for every thing: a client under `open`, or the holder of a bench certificate. No thing can be called this. */
export const everyThing = '*';

/** Acts for no thing. No thing can be called this either. */
export const noThing = '';

/** Has not spoken for a thing yet, and will be the first that it speaks for. No thing can be called this either. */
export const undecided = '?';

/** A thing's name, {@link everyThing}, {@link noThing} or {@link undecided}. */
export type Principal = string;

/** What a client shows of itself when it connects. */
export interface Credentials {
  readonly clientId: string;
  readonly username?: string;
  /** Common name of its verified certificate. */
  readonly certificateName?: string;
}

/** @returns `undefined` when the rule asks for something that the client has not shown: it may not connect. */
export function identify(rule: IdentityRule, credentials: Credentials): Principal | undefined {
  switch (rule) {
    case 'open':
      return everyThing;
    case 'first-thing':
      return undecided;
    case 'client-id':
      return thingOrNobody(credentials.clientId);
    case 'username':
      // AWS's SDKs append their metrics to the user name: `thing-1?SDK=…&Version=…`.
      return credentials.username === undefined ? undefined : thingOrNobody(credentials.username.split('?', 1)[0]!);
    case 'certificate': {
      const name = credentials.certificateName;
      return name === undefined || name === everyThing ? name : thingOrNobody(name);
    }
  }
}

/** A client id may well be `+` or `*`: whatever is no thing name must not become a wildcard. */
function thingOrNobody(name: string): Principal {
  return isThingName(name) ? name : noThing;
}

/** What to do when a client may not act for a thing. */
export function identityAdvice(rule: IdentityRule, principal: Principal): string {
  switch (rule) {
    case 'open':
      return 'With --identity open a client may act for every thing.';
    case 'first-thing':
      return (
        `${isThingName(principal) ? `It is thing ${principal}. ` : ''}Without a certificate a client is the first thing that it speaks ` +
        'for as long as it is connected, and a client whose client id is the name of a thing is that thing; with --identity open ' +
        'it may act for any.'
      );
    case 'client-id':
      return 'With --identity client-id a client is the thing that its client id names.';
    case 'username':
      return 'With --identity username a client is the thing that its user name names.';
    case 'certificate':
      return `Its certificate is for ${principal}; jobrig certs makes one for another thing, and with --thing '*' one for all.`;
  }
}
