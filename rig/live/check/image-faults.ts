/**
 * Faults of images on the file server, by job: gone, changed, an address that is refused from the middle on, a transfer that
 * stops there and never ends. What the rig sends instead is told as a download like any other.
 */
import { readFileSync } from 'node:fs';
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
    const jobId = decodeURIComponent(/\/([^/?]+)\.bin\?/.exec(request.url ?? '')?.[1] ?? '');
    const condition = this.#conditions.get(jobId) ?? 'good';
    if (condition === 'good' || request.method !== 'GET') return false;
    const image = readFileSync(this.#options.fileOf(jobId));
    const middle = image.length >> 1;
    const { from, end } = rangeOf(request, image.length);
    this.#tell(jobId, from, end - from, image.length);
    if (condition === 'missing') {
      refuse(response, 404, 'NoSuchKey');
    } else if (condition === 'expire' && from >= middle) {
      refuse(response, 403, 'AccessDenied');
    } else if (condition === 'corrupt') {
      image[middle]! ^= 0xff;
      head(response, from, end, image.length).end(image.subarray(from, end));
    } else if ((condition === 'stall' || condition === 'expire') && end > middle) {
      this.#sendHalf(head(response, from, end, image.length), image.subarray(from, middle), condition === 'stall');
    } else {
      return false;
    }
    return true;
  }

  /** @param holds the response never ends; else its connection does */
  #sendHalf(response: ServerResponse, half: Buffer, holds: boolean): void {
    if (holds) {
      this.#held.add(response);
      response.on('close', () => this.#held.delete(response));
    }
    if (half.length > 0) response.write(half, () => holds || response.destroy());
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

function head(response: ServerResponse, from: number, end: number, size: number): ServerResponse {
  const isPart = from > 0 || end < size;
  return response.writeHead(isPart ? 206 : 200, {
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
