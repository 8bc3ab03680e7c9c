/** HTTP requests exactly as written, without the normalising that `fetch` and URL do to paths. */
import { type IncomingHttpHeaders, request } from 'node:http';

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): Readonly<Record<string, unknown>>;
}

export function rawHttp(port: number, { method = 'GET', path, headers, body }: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          json: () => JSON.parse(text) as Readonly<Record<string, unknown>>,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** An Authorization header whose credential is scoped to a service; the signature is of no account. */
export function scopedTo(service: string): Readonly<Record<string, string>> {
  const scope = `AKID/20261122/us-east-1/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00` };
}
