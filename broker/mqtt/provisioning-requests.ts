/**
 * Fleet provisioning by claim over MQTT, in JSON and CBOR: keys and a certificate, then a thing by a template. The requester is
 * answered, subscribed or not, and nobody else, because the answers hold private keys (open point S7). Certificates are
 * made here and the tokens drawn here; what becomes of them is the service's.
 * Source: reference shadow-and-provisioning.md §4.
 */
import { randomBytes } from 'node:crypto';
import { isJsonObject } from '../../protocol/json.ts';
import type { CommandOf, OperationName, Rejected, Reply, ResponseOf } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { CertificateFacts, KeyPair } from '../engine/provisioning/certificate-facts.ts';
import { payloadFormats } from './payload-formats.ts';
import type { ReservedAnswerer } from './reserved-requests.ts';

/** What the door is given to make certificates with. */
export interface ClaimIssuer {
  createWithKeys(): Promise<{ readonly certificate: CertificateFacts; readonly keyPair: KeyPair }>;
  /** @returns what is wrong with the request, in words. */
  issueFor(certificateSigningRequest: string): Promise<CertificateFacts | { readonly problem: string }>;
}

type Members = Readonly<Record<string, unknown>>;

interface Refusal {
  readonly statusCode: number;
  readonly errorCode: string;
  readonly errorMessage: string;
}

type Outcome = { readonly accepted: object } | { readonly rejected: Refusal };

interface Asked {
  readonly port: ServicePort;
  readonly issuer: ClaimIssuer;
  readonly parameters: Readonly<Record<string, string>>;
  readonly members: Members;
}

const operations: Readonly<Record<string, (asked: Asked) => Promise<Outcome>>> = {
  async create({ port, issuer }) {
    const { certificate, keyPair } = await issuer.createWithKeys();
    return claim(port, certificate, { privateKey: keyPair.PrivateKey });
  },

  async 'create-from-csr'({ port, issuer, members: { certificateSigningRequest } }) {
    if (typeof certificateSigningRequest !== 'string') return invalid('The certificateSigningRequest is missing.');
    const made = await issuer.issueFor(certificateSigningRequest);
    return 'problem' in made ? invalid(made.problem, 'InvalidCertificateSigningRequest') : claim(port, made, {});
  },

  async provision({ port, parameters: { templateName = '' }, members }) {
    const { certificateOwnershipToken = '', parameters = {} } = members;
    if (typeof certificateOwnershipToken !== 'string' || !isTexts(parameters)) {
      return invalid('The parameters must be texts.');
    }
    const request = { templateName, ownershipToken: certificateOwnershipToken, parameters };
    const reply = await submit(port, { name: 'jobrig:ProvisionThing', request });
    return reply.accepted ? { accepted: reply.response } : refused(reply);
  },
};

export function provisioningAnswerer(port: ServicePort, issuer: ClaimIssuer): ReservedAnswerer {
  return ({ topic, parsed: { parameters }, payload }, { reply, done }) => {
    const format = payloadFormats[parameters['format'] as keyof typeof payloadFormats];
    const answer = (outcome: Outcome): void => {
      if ('accepted' in outcome) reply(`${topic}/accepted`, format.write(outcome.accepted));
      else reply(`${topic}/rejected`, format.write(outcome.rejected));
    };
    const members = payload.length === 0 ? {} : format.read(payload);
    // Keys take a while: nothing else that the client asks is to wait for them.
    done();
    const operation = operations[parameters['operation'] ?? '']!;
    if (isJsonObject(members)) void perform(() => operation({ port, issuer, parameters, members }), answer);
    else answer(invalid('The payload is malformed.', 'InvalidPayload'));
  };
}

async function perform(operation: () => Promise<Outcome>, answer: (outcome: Outcome) => void): Promise<void> {
  try {
    answer(await operation());
  } catch (error) {
    answer(failed(String(error)));
  }
}

async function claim(port: ServicePort, certificate: CertificateFacts, more: object): Promise<Outcome> {
  const certificateOwnershipToken = randomBytes(96).toString('base64url');
  const request = { certificate, ownershipToken: certificateOwnershipToken };
  const reply = await submit(port, { name: 'jobrig:CreateClaimedCertificate', request });
  if (!reply.accepted) return refused(reply);
  const { certificateId, certificatePem } = reply.response;
  return { accepted: { certificateId, certificatePem, ...more, certificateOwnershipToken } };
}

function submit<Name extends OperationName>(
  port: ServicePort,
  command: CommandOf<Name>,
): Promise<Reply<ResponseOf<Name>>> {
  return new Promise((resolve) => {
    port.submit(command, (reply) => resolve(reply));
  });
}

/** Assumed (S6): every code but that of an empty token. */
function refused({ code, message, members }: Rejected): Outcome {
  if (code === 'ResourceNotFound') return rejected(404, code, message);
  if (code === 'InternalError') return failed(message);
  return invalid(message, members?.['errorCode']);
}

function invalid(errorMessage: string, errorCode = 'InvalidParameters'): Outcome {
  return rejected(400, errorCode, errorMessage);
}

function failed(errorMessage: string): Outcome {
  return rejected(500, 'InternalError', errorMessage);
}

function rejected(statusCode: number, errorCode: string, errorMessage: string): Outcome {
  return { rejected: { statusCode, errorCode, errorMessage } };
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
}
