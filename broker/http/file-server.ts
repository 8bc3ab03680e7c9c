/**
 * Downloads and uploads by signed URL, from and into the directory that stands in for S3. Downloads answer Range and
 * conditional requests, so that a device can go on where it was cut off; an upload shows once it is whole. Errors are XML,
 * as S3's are. Source: reference configs.md §7; the rest is HTTP (RFC 9110) and left to a library.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import send from 'send';
import type { EpochMs } from '../../protocol/time.ts';
import type { Transfer, TransferListener } from '../../protocol/transfers.ts';
import type { ObjectFolder, Unwritable } from './object-folder.ts';
import { relativePathOf } from './s3-object.ts';
import type { OpenedUrl, Refusal, SignedUrls } from './signed-urls.ts';

export interface FileServerOptions {
  readonly folder: ObjectFolder;
  readonly urls: SignedUrls;
  readonly now: () => EpochMs;
  /** Hears of every request whose URL is good. */
  readonly onTransfer?: TransferListener;
}

/** Never rejects. `opened` is told that the URL is a good one, before anything is sent. */
export type FileServer = (request: IncomingMessage, response: ServerResponse, opened?: () => void) => Promise<void>;

/** More than any firmware image or log of a constrained device. */
const maxUploadBytes = 256 * 1024 * 1024;

const refusals: Readonly<Record<Refusal, readonly [code: string, message: string]>> = {
  expired: ['AccessDenied', 'Request has expired'],
  'wrong signature': [
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
  ],
};

const obstacles: Readonly<Record<Unwritable, readonly [status: number, code: string, message: string]>> = {
  'too long': [400, 'KeyTooLongError', 'Your key is too long'],
  outside: [403, 'AccessDenied', 'Access Denied'],
  // S3 has no folders, so it has no word for this.
  'in the way': [409, 'InvalidRequest', 'Another object is where this key, or a part of it, has to be a folder.'],
};

export function createFileServer({ folder, urls, now, onTransfer }: FileServerOptions): FileServer {
  let requests = 0;

  async function serve(request: IncomingMessage, response: ServerResponse, isGood: () => void): Promise<void> {
    const opened = urls.open(request.method, request.url ?? '', now());
    if (typeof opened === 'string') return refuse(response, 403, ...refusals[opened]);
    isGood();
    requests += 1;
    const id = requests;
    const path = relativePathOf(opened.object);
    const isUpload = request.method === 'PUT';
    const file = path === undefined || isUpload ? undefined : await folder.find(path);
    const transfer = transferOf(id, opened, request, file?.bytes ?? 0);
    const count = onTransfer && watch(transfer, request, response, onTransfer);
    if (path === undefined) return noSuchKey(response);
    if (opened.object.versionId !== undefined) response.setHeader('x-amz-version-id', opened.object.versionId);
    if (isUpload) return upload(request, response, folder, path);
    if (file === undefined) return noSuchKey(response);
    download(request, response, file.path, count);
  }

  return async (request, response, opened = () => {}) => {
    try {
      await serve(request, response, opened);
    } catch (error) {
      if (request.errored || response.headersSent) response.destroy();
      else refuse(response, 500, 'InternalError', error instanceof Error ? error.message : String(error));
    }
  };
}

function transferOf(
  id: number,
  { object, holder }: OpenedUrl,
  { method, headers }: IncomingMessage,
  totalBytes: number,
): Transfer {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const whole = method === 'PUT' ? Number(headers['content-length'] ?? 0) : totalBytes;
  const start = Math.min(Number(first), whole);
  const end = last === '' ? whole : Math.min(Number(last) + 1, whole);
  return {
    id,
    by: 'url',
    direction: method === 'PUT' ? 'upload' : 'download',
    ...holder,
    object,
    start,
    end,
    bytes: Math.max(0, end - start),
    totalBytes,
  };
}

/** Tells of a transfer, and of its end. @returns what counts the bytes of a download. */
function watch(
  transfer: Transfer,
  request: IncomingMessage,
  response: ServerResponse,
  tell: TransferListener,
): (chunk: Uint8Array) => void {
  let bytes = 0;
  tell({ kind: 'asked', transfer });
  response.once('close', () => {
    const isDone = response.writableFinished;
    const outcome = !isDone ? 'given up' : response.statusCode < 400 ? 'finished' : 'refused';
    const uploaded = isDone ? Number(request.headers['content-length'] ?? 0) : 0;
    tell({ kind: 'ended', transfer, outcome, bytes: transfer.direction === 'upload' ? uploaded : bytes });
  });
  return (chunk) => {
    bytes += chunk.length;
  };
}

function download(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  count?: (chunk: Uint8Array) => void,
): void {
  send(request, encodeURI(file), { dotfiles: 'allow', index: false, cacheControl: false })
    .on('stream', (stream: NodeJS.ReadableStream) => {
      if (count !== undefined) stream.on('data', count);
    })
    .on('error', ({ status }: { readonly status: number }) => {
      if (status === 416) refuse(response, 416, 'InvalidRange', 'The requested range is not satisfiable');
      else if (status === 412) refuse(response, 412, 'PreconditionFailed', 'A precondition that you gave did not hold');
      else noSuchKey(response);
    })
    .on('directory', () => noSuchKey(response))
    .pipe(response);
}

async function upload(
  request: IncomingMessage,
  response: ServerResponse,
  folder: ObjectFolder,
  path: string,
): Promise<void> {
  const length = Number(request.headers['content-length']);
  if (Number.isNaN(length)) {
    return refuse(response, 411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  if (length > maxUploadBytes) {
    return refuse(response, 400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  const obstacle = await folder.write(path, request);
  if (obstacle !== undefined) return refuse(response, ...obstacles[obstacle]);
  response.writeHead(200).end();
}

function noSuchKey(response: ServerResponse): void {
  refuse(response, 404, 'NoSuchKey', 'The specified key does not exist.');
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
  const { method } = response.req;
  // An upload that is not read would have to come whole before the next request.
  const closes = method !== 'GET' && method !== 'HEAD';
  response.writeHead(status, { 'content-type': 'application/xml', ...(closes && { connection: 'close' }) }).end(body);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
