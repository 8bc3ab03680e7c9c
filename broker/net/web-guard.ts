/**
 * Keeps web pages out. A browser on the machine of whoever runs the rig reaches loopback on behalf of any page it shows: by a
 * form or a `text/plain` POST, by a WebSocket, or, once the page's own name is made to mean 127.0.0.1 (DNS rebinding), by
 * anything at all. What a browser cannot forge tells: the Host that it believes to speak to, the Origin of the page, and
 * Sec-Fetch-Site. Clients that are no browsers send Host only. Pure decisions for the HTTP door and for WebSocket alike.
 * Source: RFC 9110 §7.2 (Host), RFC 6454 (Origin), W3C Fetch Metadata.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

export interface WebRules {
  /** Names and addresses by which the rig may be called, beside loopback and the address that a client has connected to. */
  readonly hosts: readonly string[];
  /** False where callers prove who they are: then the rig may be called by any name. */
  readonly checksHost: boolean;
  /** Origins of pages that may use the rig, as browsers write them: `https://example.com`. */
  readonly origins: readonly string[];
  /** The ports of the rig's own pages, which may use all its doors. */
  readonly ownPorts: () => readonly number[];
}

export interface WebRequest {
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  /** On which address of this machine it came in. */
  readonly localAddress?: string;
}

export interface WebRefusal {
  /** 400: there is no making sense of it. 403: it is not allowed. */
  readonly status: 400 | 403;
  readonly message: string;
}

export interface HostName {
  /** As in a URL, lower case; an IPv6 address in brackets. */
  readonly name: string;
  readonly port?: number;
}

/** @returns `undefined` for what is no host of a URL. */
export function parseHost(host: string | undefined): HostName | undefined {
  // Whatever else a URL may have in this place, e.g. a user, is no host.
  if (host === undefined || !/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return undefined;
  try {
    const { hostname, port } = new URL(`http://${host}`);
    const explicit = port || (host.endsWith(':80') ? '80' : '');
    return { name: hostname, ...(explicit && { port: Number(explicit) }) };
  } catch {
    return undefined;
  }
}

/** Node passes over a second one, and somebody before it may have believed that. */
const onlyOnce = ['host', 'authorization', 'origin'] as const;

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const other = rawHeaders[at]!;
    if (other.length === name.length && other.toLowerCase() === name) count += 1;
  }
  return count;
}

function isLoopback(name: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(name);
}

/** @returns why the request is refused, with what to do about it, or `undefined`. */
export function objectionToWeb(
  { headers, rawHeaders, localAddress }: WebRequest,
  rules: WebRules,
): WebRefusal | undefined {
  const repeated = onlyOnce.find((name) => countOf(name, rawHeaders) > 1);
  if (repeated !== undefined) return { status: 400, message: `The header ${repeated} is there twice.` };
  const host = parseHost(headers.host);
  if (host === undefined) return { status: 400, message: 'The Host header is missing or names no host.' };
  if (rules.checksHost && !isOurs(host.name, rules, localAddress)) {
    return {
      status: 403,
      message: `The Host header names ${host.name}, which is not this rig. Call it by localhost, or start it with --advertise ${host.name}.`,
    };
  }
  const { origin } = headers;
  if (origin !== undefined) return objectionToOrigin(origin, host, headers.host!, rules);
  if (headers['sec-fetch-site'] !== 'cross-site') return undefined;
  return { status: 403, message: 'The request was caused by a page of another site, which this rig does not serve.' };
}

function objectionToOrigin(origin: string, host: HostName, hostText: string, rules: WebRules): WebRefusal | undefined {
  if (rules.origins.includes(origin) || isOwnPage(origin, host, hostText, rules)) return undefined;
  return {
    status: 403,
    message: `Pages of ${printable(origin)} may not use this rig. Start it with --allow-origin ${printable(origin)} to let them.`,
  };
}

/** A page of the door that is asked, or of another door of this rig, e.g. the dashboard that opens a WebSocket. */
function isOwnPage(origin: string, host: HostName, hostText: string, rules: WebRules): boolean {
  const [, scheme, authority] = /^(https?):\/\/(.+)$/.exec(origin) ?? [];
  const page = parseHost(authority);
  if (page === undefined) return false;
  // Whatever the scheme: some clients that are no browsers always write https.
  if (authority === hostText) return true;
  const port = page.port ?? (scheme === 'https' ? 443 : 80);
  return rules.ownPorts().includes(port) && (page.name === host.name || isOurs(page.name, rules, undefined));
}

function isOurs(name: string, { hosts }: WebRules, localAddress: string | undefined): boolean {
  if (isLoopback(name) || hosts.includes(name)) return true;
  // An address cannot be rebound: a page under it was served by it.
  const address = name.replace(/^\[|\]$/g, '');
  return isIP(address) !== 0 && address === localAddress?.replace(/^::ffff:/, '');
}

/** Into a message: what a header says is not trusted to be short or plain. */
function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');
}

/** `https://example.com:8443`, as a browser would write it. @returns `undefined` for what is no origin of a page. */
export function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/]+\/?$/i.test(text)) return undefined;
  try {
    return new URL(text).origin;
  } catch {
    return undefined;
  }
}
