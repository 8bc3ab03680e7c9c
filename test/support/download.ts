/** A download by any URL that the rig hands out, trusting the rig's own authority, which `fetch` cannot be told to. */
import { type IncomingMessage, get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Downloaded {
  readonly status: number;
  readonly body: Buffer;
}

/** @param place for a connection to another address than the URL names. */
export async function download(
  url: string,
  ca: string,
  { headers = {}, port }: { readonly headers?: Readonly<Record<string, string>>; readonly port?: number } = {},
): Promise<Downloaded> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { headers, agent: false, ...(port !== undefined && { port, hostname: '127.0.0.1' }) };
    const request = url.startsWith('https:')
      ? getHttps(url, { ...options, ca, ...serverName(new URL(url).hostname) }, resolve)
      : getHttp(url, options, resolve);
    request.on('error', reject);
  });
  return { status: response.statusCode ?? 0, body: await buffer(response) };
}

/** An address is no name of a server in TLS. */
function serverName(hostname: string): { readonly servername?: string } {
  return isIP(hostname) === 0 ? { servername: hostname } : {};
}
