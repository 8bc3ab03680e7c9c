/**
 * Faults of images on the file server, by job: gone, changed, an address that is refused from the middle on, a transfer that
 * stops there and never ends. What the rig sends instead is told as a download like any other.
 */
import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Observer } from '../../../observation/observation.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { ImageCondition } from '../../scenario/contract.ts';

export interface ImageFaultsOptions {
  readonly observer: Observer;
  readonly now: () => EpochMs;
  readonly thingName: () => string;
  /** The file behind a job's image. */
  readonly fileOf: (jobId: string) => string;
}

export class ImageFaults {
  readonly #options: ImageFaultsOptions;
  readonly #conditions = new Map<string, ImageCondition>();
  /** Responses that never end, to be ended with the scenario. */
  readonly #held = new Set<ServerResponse>();

  constructor(options: ImageFaultsOptions) {
    this.#options = options;
  }

  set(jobId: string, condition: ImageCondition): void {
    this.#conditions.set(jobId, condition);
  }

  clear(): void {
    this.#conditions.clear();
    for (const response of this.#held) response.destroy();
    this.#held.clear();
  }

  /** @returns whether the request has been dealt with here */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const jobId = /\/([^/?]+)\.bin\?/.exec(request.url ?? '')?.[1];
    const condition = jobId === undefined ? undefined : this.#conditions.get(decodeURIComponent(jobId));
    if (jobId === undefined || condition === undefined || condition === 'good' || request.method !== 'GET')
      return false;
    const file = this.#options.fileOf(decodeURIComponent(jobId));
    const size = statSync(file).size;
    const middle = size >> 1;
    const { from, end } = rangeOf(request, size);
    this.#tell(decodeURIComponent(jobId), from, end - from, size);
    if (condition === 'missing') {
      refuse(response, 404, 'NoSuchKey');
    } else if (condition === 'expire' && from >= middle) {
      refuse(response, 403, 'AccessDenied');
    } else if (condition === 'corrupt') {
      this.#send(response, file, { from, end, size, spoilsAt: middle });
    } else if ((condition === 'stall' || condition === 'expire') && end > middle) {
      this.#sendHalf(response, file, { from, end, size, until: Math.max(from, middle) }, condition === 'stall');
    } else {
      return false;
    }
    return true;
  }

  #send(
    response: ServerResponse,
    file: string,
    { from, end, size, spoilsAt }: { from: number; end: number; size: number; spoilsAt: number },
  ): void {
    head(response, from, end, size);
    let at = from;
    createReadStream(file, { start: from, end: end - 1 })
      .on('data', (chunk: string | Buffer) => {
        const bytes = Buffer.from(chunk);
        const place = spoilsAt - at;
        if (place >= 0 && place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ 0xff;
        at += bytes.length;
        response.write(bytes);
      })
      .on('end', () => response.end());
  }

  #sendHalf(
    response: ServerResponse,
    file: string,
    { from, end, size, until }: { from: number; end: number; size: number; until: number },
    holds: boolean,
  ): void {
    head(response, from, end, size);
    const stop = (): void => {
      if (!holds) response.destroy();
    };
    if (holds) {
      this.#held.add(response);
      response.on('close', () => this.#held.delete(response));
    }
    if (until <= from) return stop();
    createReadStream(file, { start: from, end: until - 1 })
      .on('end', stop)
      .pipe(response, { end: false });
  }

  #tell(jobId: string, fromByte: number, bytes: number, totalBytes: number): void {
    const { observer, now, thingName } = this.#options;
    const at = now();
    const what = { fromByte, bytes, totalBytes, state: 'asked', via: 'http', jobId } as const;
    observer.download?.({ kind: 'download', source: 'service', at, thingName: thingName(), ...what });
  }
}

/** A single range, as devices ask for it; anything else is the whole. */
function rangeOf({ headers }: IncomingMessage, size: number): { readonly from: number; readonly end: number } {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === '') return { from: 0, end: size };
  return { from: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) };
}

function head(response: ServerResponse, from: number, end: number, size: number): void {
  const isPart = from > 0 || end < size;
  response.writeHead(isPart ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': end - from,
    'accept-ranges': 'bytes',
    ...(isPart && { 'content-range': `bytes ${from}-${end - 1}/${size}` }),
  });
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
