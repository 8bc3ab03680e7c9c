/**
 * How requests are told to a service that asks for signatures, one after the other on connections that are kept, and what was wrong with
 * the answers: a forgery that was taken, a good signature that was refused, an error of the service.
 */
import { Agent, type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import type { Chance } from '../../faults/chance.ts';
import { type Hosts, type Key, type SignedInput, signedStory } from './signed-inputs.ts';

export interface ToldSigned {
  readonly inputs: number;
  /** What was answered otherwise than it should have been. */
  readonly wrong: readonly string[];
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

export async function tellSigned(chance: Chance, key: Key, hosts: Hosts): Promise<ToldSigned> {
  const story = signedStory(chance, key, hosts);
  const wrong: string[] = [];
  for (const input of story) {
    const status = await statusOf(input, hosts);
    if (!isRight(input, status)) wrong.push(`${status} for what should be ${input.expected}: ${shown(input)}`);
  }
  return { inputs: story.length, wrong };
}

function isRight({ expected }: SignedInput, status: number): boolean {
  if (status >= 500) return false;
  if (expected === 'either') return true;
  return (expected === 'taken') === (status !== 403);
}

/** A connection that was kept may just have been closed: then a new one is asked. */
async function statusOf(input: SignedInput, hosts: Hosts): Promise<number> {
  return (await asked(input, hosts, agent)) || asked(input, hosts, false);
}

/** @returns 0 where the connection ended without an answer. */
function asked(
  { door, request: { method, target, headers, body } }: SignedInput,
  hosts: Hosts,
  by: Agent | false,
): Promise<number> {
  const [host, port] = hosts[door].split(':');
  const options: RequestOptions = { host, port, method, path: target, headers: { ...headers }, agent: by };
  return new Promise((resolve) => {
    const asking = httpRequest({ ...options, ...(door === 'ws' && { agent: false }) });
    asking.on('response', (response: IncomingMessage) => {
      response.resume().on('close', () => resolve(response.statusCode ?? 0));
    });
    asking.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    asking.on('error', () => resolve(0));
    asking.setHeader('content-length', Buffer.byteLength(body));
    asking.end(body);
  });
}

function shown({ request: { method, target, headers, body } }: SignedInput): string {
  return `${method} ${target} ${JSON.stringify(headers)} ${JSON.stringify(Buffer.from(body).toString('latin1'))}`;
}
