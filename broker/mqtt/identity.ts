/**
 * Which thing an MQTT client is. On AWS a policy on the certificate decides; here one of four rules does, chosen when the
 * service starts. A client that is nobody may connect and use ordinary topics, but has no Jobs topics of its own.
 * Source: reference connection.md §4; the rules are jobrig's own (`--identity`).
 */
import { isThingName } from '../../protocol/names.ts';

/** Who names the thing: the client id, the user name, the certificate's common name; or nobody has to, as every client may act for all. */
export type IdentityMode = 'client-id' | 'username' | 'certificate' | 'open';

/** Acts for every thing: a client under `open`, or the holder of a bench certificate. No thing can be called this. */
export const everyThing = '*';

/** Acts for no thing. No thing can be called this either. */
export const noThing = '';

/** A thing's name, {@link everyThing} or {@link noThing}. */
export type Principal = string;

/** What a client shows of itself when it connects. */
export interface Credentials {
  readonly clientId: string;
  readonly username?: string;
  /** Common name of its verified certificate. */
  readonly certificateName?: string;
}

/** @returns `undefined` when the rule asks for something that the client has not shown: it may not connect. */
export function identify(rule: IdentityMode, credentials: Credentials): Principal | undefined {
  switch (rule) {
    case 'open':
      return everyThing;
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
