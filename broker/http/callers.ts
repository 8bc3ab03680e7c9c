/**
 * Who calls, and what that allows, when the service asks (`--require-auth`): whoever signs with an access key may do everything,
 * as an administrator of the account; a device shows a certificate. One of the registry may do what its policies allow on the
 * data planes; another one of the rig's authority may ask them for its own thing. Where the service does not ask, anyone may
 * do everything. Source: reference connection.md §1 and §4, http-api.md §2, shadow-and-provisioning.md §3.
 */
import type { PeerCertificate } from 'node:tls';
import { type Policy, policyOf } from '../../protocol/iot-policy.ts';
import { type ArnScope, formatThingArn } from '../../protocol/names.ts';
import type { PrincipalDescription } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import { certificateVariables } from '../net/certificate-variables.ts';
import type { AwsError } from './aws-error.ts';
import type { AwsCall, Read } from './aws-request.ts';
import type { SignatureCheck } from './signatures.ts';
import type { SignedRequest } from './signed-request.ts';

export type Caller =
  | { readonly kind: 'anyone' | 'operator' }
  /** The common name of its certificate: a thing, or `*` on a bench certificate. */
  | { readonly kind: 'device'; readonly thingName: string }
  /** Who holds a certificate of the registry. */
  | { readonly kind: 'principal'; readonly allows: Policy; readonly scope: ArnScope };

/** How the service asks. */
export interface Gate {
  readonly port: ServicePort;
  readonly signatures: SignatureCheck;
  /** Of the resources that policies name. */
  readonly scope: ArnScope;
}

export interface ShownCertificate {
  readonly peer: PeerCertificate;
  /** Signed by the rig's own authority. */
  readonly isOurs: boolean;
  readonly sourceIp: string | undefined;
}

/** @param gate absent: nobody is asked. */
export async function identifyCaller(
  request: SignedRequest,
  certificate: ShownCertificate | undefined,
  gate: Gate | undefined,
): Promise<Read<Caller>> {
  if (gate === undefined) return { value: { kind: 'anyone' } };
  const isSigned = request.headers.authorization !== undefined;
  if (certificate !== undefined && !isSigned) {
    const { certificate: registered, policies } = await describe(gate.port, idOf(certificate));
    if (registered?.status === 'ACTIVE') {
      return { value: { kind: 'principal', allows: allowedBy(policies, certificate), scope: gate.scope } };
    }
    if (registered !== undefined) return { error: forbidden('The certificate is not active.') };
    const name: unknown = certificate.peer.subject.CN;
    if (certificate.isOurs && typeof name === 'string') return { value: { kind: 'device', thingName: name } };
  }
  const error = gate.signatures(request);
  return error === undefined ? { value: { kind: 'operator' } } : { error };
}

function idOf({ peer }: ShownCertificate): string {
  return peer.fingerprint256.replaceAll(':', '').toLowerCase();
}

function describe(port: ServicePort, certificateId: string): Promise<PrincipalDescription> {
  const request = { certificateId, clientId: '' };
  return new Promise((resolve) => {
    port.submit({ name: 'jobrig:DescribePrincipal', request }, (reply) =>
      resolve(reply.accepted ? reply.response : { policies: [] }),
    );
  });
}

/** Variables of a connection's thing have no value over HTTPS. */
function allowedBy(policies: readonly string[], { peer, sourceIp }: ShownCertificate): Policy {
  const variables = new Map(certificateVariables(peer));
  if (sourceIp !== undefined) variables.set('aws:SourceIp', sourceIp);
  return policyOf(policies, (name) => variables.get(name));
}

export function objectionTo(caller: Caller, call: AwsCall): AwsError | undefined {
  const { operation, members } = call;
  switch (caller.kind) {
    case 'anyone':
    case 'operator':
      return undefined;
    case 'principal':
      return isAllowed(caller, call) ? undefined : denied(call, `No policy allows ${operation.name}.`);
    case 'device': {
      const isOwn = caller.thingName === '*' || caller.thingName === members['thingName'];
      if (operation.service !== 'iot' && isOwn) return undefined;
      return denied(call, `The certificate of ${caller.thingName} does not allow ${operation.name}.`);
    }
  }
}

/** A named shadow can be named in the resource, and need not be. */
function isAllowed(
  { allows, scope }: Caller & { readonly kind: 'principal' },
  { operation, members }: AwsCall,
): boolean {
  if (operation.service === 'iot') return false;
  const action = `${operation.service === 'iot-jobs-data' ? 'iotjobsdata' : 'iot'}:${operation.name}`;
  const thing = formatThingArn(scope, String(members['thingName']));
  const { shadowName } = members;
  return allows(action, thing) || (shadowName !== undefined && allows(action, `${thing}/${String(shadowName)}`));
}

function denied({ operation }: AwsCall, message: string): AwsError {
  if (operation.service === 'iot-data') return forbidden(message);
  return { exception: 'AccessDeniedException', status: 403, message };
}

function forbidden(message: string): AwsError {
  return { exception: 'ForbiddenException', status: 403, message };
}
