/**
 * A directory that stands in for S3 (`--files DIR`): job documents are read from it when a job is created by
 * `documentSource`, and devices download from and upload into it by the signed URLs that placeholders become. Composes the
 * files beside it. Source: reference configs.md §6 and §7.
 */
import { stat } from 'node:fs/promises';
import { maxDocumentBytes } from '../../protocol/limits.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { type S3Object, parseS3Url } from '../../protocol/s3-url.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { TransferListener } from '../../protocol/transfers.ts';
import type { ResolveDocument } from '../engine/contract.ts';
import { type FileServer, createFileServer } from './file-server.ts';
import { ObjectFolder, type OpenFile, type TextRead } from './object-folder.ts';
import { resolvePlaceholders } from './placeholders.ts';
import { relativePathOf } from './s3-object.ts';
import { createSignedUrls } from './signed-urls.ts';
import { removeUnfinishedUploads } from './unfinished-uploads.ts';

export interface FilesOptions {
  readonly directory: string;
  /** Signs firmware: Base64 of the signature. */
  readonly signImage: (image: AsyncIterable<Uint8Array>) => Promise<string>;
  /** What signs the URLs; the same after a restart if they are to live on. */
  readonly key: Uint8Array;
  readonly region: string;
  /** Service time: a URL expires in it. */
  readonly now: () => EpochMs;
  /** Where a device finds the HTTP door, e.g. `https://127.0.0.1:4511`. */
  readonly baseUrl: (thingName: string) => string;
  /** Hears what devices do with the URLs. */
  readonly onTransfer?: TransferListener | undefined;
}

export interface Inspected {
  readonly bytes: number;
  readonly signature?: string;
}

export interface Files {
  /** The text at a `documentSource`, or why there is none. */
  readDocument(url: string): Promise<TextRead>;
  /** The document as a device is handed it. */
  readonly resolveDocument: ResolveDocument;
  readonly serve: FileServer;
  /** Size, and signature where that is wanted, of an object; `undefined` where there is none. */
  inspect(object: S3Object, isSigned: boolean): Promise<Inspected | undefined>;
  /** An image to be read in pieces, to be closed by the caller; `undefined` where there is none. */
  openImage(object: S3Object): Promise<OpenFile | undefined>;
}

/** @throws OperationalError `FILES_UNUSABLE` when `directory` is none. */
export async function openFiles(options: FilesOptions): Promise<Files> {
  const { directory, signImage, key, region, now, baseUrl, onTransfer } = options;
  await mustBeDirectory(directory);
  // Nobody waits for it: the folder may be large.
  void removeUnfinishedUploads(directory);
  const urls = createSignedUrls(key, region);
  const folder = new ObjectFolder(directory);
  const openImage = (object: S3Object): Promise<OpenFile | undefined> => {
    const path = relativePathOf(object);
    return path === undefined ? Promise.resolve(undefined) : folder.open(path);
  };
  return {
    async readDocument(url) {
      const object = parseS3Url(url);
      const path = object && relativePathOf(object);
      return path === undefined ? { missing: 'not found' } : folder.readText(path, maxDocumentBytes);
    },
    resolveDocument: (text, context) =>
      resolvePlaceholders(
        text,
        context,
        (method, object, expiresInSec) =>
          baseUrl(context.thingName) + urls.sign(method, object, expiresInSec, now(), context),
      ),
    async inspect(object, isSigned) {
      const image = await openImage(object);
      if (image === undefined) return undefined;
      try {
        const { bytes, handle } = image;
        const signature = isSigned ? await signImage(handle.createReadStream({ autoClose: false })) : undefined;
        return { bytes, ...(signature !== undefined && { signature }) };
      } finally {
        await image.handle.close();
      }
    },
    openImage,
    serve: createFileServer({ folder, urls, now, ...(onTransfer && { onTransfer }) }),
  };
}

async function mustBeDirectory(directory: string): Promise<void> {
  const hint = 'Give a directory with one folder for each bucket.';
  try {
    if ((await stat(directory)).isDirectory()) return;
  } catch (cause) {
    throw new OperationalError('FILES_UNUSABLE', `The directory ${directory} cannot be read`, { hint, cause });
  }
  throw new OperationalError('FILES_UNUSABLE', `${directory} is not a directory`, { hint });
}
