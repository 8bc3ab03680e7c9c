/**
 * Job documents for a device that is not ours: the user's file with `{url}`, `{version}`, `{size}`, `{sha256}`, `{signature}`,
 * `{witness}` and `{stream}` filled in anew for each job, and the image behind the URL or the stream. The URL is AWS's own
 * placeholder for a presigned one, so that each execution gets a URL of its own and a download tells for which execution it is.
 * Source: docs/reference/configs.md §7, streams-and-ota.md §3.
 */
import { createHash, createHmac } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../../../protocol/operational-error.ts';
import { readNamedFile } from '../../files/named-file.ts';
import type { MadeDocument } from '../operator-deeds.ts';
import { fillIn } from './equipment.ts';

export interface JobDocumentsOptions {
  /** Stands in for S3; one folder for each bucket. */
  readonly filesDirectory: string;
  /** `--document`: a file, or {@link afrOta}; absent: jobrig's own firmware document. */
  readonly document?: string | undefined;
  /** `--canary`; absent: the same as the document. */
  readonly canary?: string | undefined;
  /** `--image`: the bytes of every image; absent: made up, different for each version. */
  readonly image?: string | undefined;
  /** What `{witness}` stands for in the document of a job. */
  readonly witnessUrlOf?: (jobId: string) => string;
  /** @returns Base64 of the signature over an image */
  readonly sign: (image: Buffer) => Promise<string>;
  /** Where the device finds the certificate of that signature. */
  readonly signerCertFile: string;
}

export interface FilledDocument extends MadeDocument {
  readonly version: string;
}

/** @param which of the user's documents. @param ordinal makes versions differ; from 1 */
export type FillDocument = (jobId: string, which: 'document' | 'canary', ordinal: number) => Promise<FilledDocument>;

export const bucket = 'jobrig';
/** Instead of a file: OTA documents of FreeRTOS, as AWS makes them for an update over MQTT or HTTP. */
const afrOta = 'afr-ota';
const madeUpBytes = 48 * 1024;
const ownDocument = JSON.stringify({
  operation: 'firmware',
  version: '{version}',
  image: { url: '{url}', sizeBytes: '{size}', sha256: '{sha256}' },
}).replace('"{size}"', '{size}');
/** The file's place is the device's own directory: some agents write it where the document says. */
const otaDocument = JSON.stringify({
  afr_ota: {
    protocols: ['MQTT', 'HTTP'],
    streamname: '{stream}',
    files: [
      {
        filepath: 'firmware.bin',
        filesize: '{size}',
        fileid: 0,
        certfile: '{signer-cert}',
        fileType: 0,
        attr: { version: '{version}' },
        update_data_url: '{url}',
        auth_scheme: 'aws.s3.presigned',
        'sig-sha256-ecdsa': '{signature}',
      },
    ],
  },
}).replace('"{size}"', '{size}');

/**
 * The user's own files, read before anything is started, and again for each device.
 * @throws {OperationalError} `DOCUMENT_UNREADABLE`, `DOCUMENT_INVALID`, with the flag and the file
 */
export async function readOwnFiles(files: Pick<JobDocumentsOptions, 'document' | 'canary' | 'image'>) {
  const { document, canary, image } = files;
  return {
    document: await templateIn('--document', document),
    canary: await templateIn('--canary', canary),
    image: image === undefined ? undefined : await readNamedFile('--image', image, 'DOCUMENT_UNREADABLE'),
  };
}

async function templateIn(flag: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined || file === afrOta) return file && otaDocument;
  const text = (await readNamedFile(flag, file, 'DOCUMENT_UNREADABLE')).toString('utf8');
  mustBeJson(flag, file, text);
  return text;
}

/** @throws {OperationalError} as {@link readOwnFiles} */
export async function openJobDocuments(options: JobDocumentsOptions): Promise<FillDocument> {
  const folder = join(options.filesDirectory, bucket);
  await mkdir(folder, { recursive: true });
  const own = await readOwnFiles(options);
  return async (jobId, which, ordinal) => {
    const version = `${ordinal + 1}.0.0`;
    const bytes = own.image ?? madeUpImage(version);
    const key = `${jobId}.bin`;
    // At once: somebody may be reading the one before.
    await writeFile(join(folder, `${key}.new`), bytes);
    await rename(join(folder, `${key}.new`), join(folder, key));
    const template = own[which] ?? own.document ?? ownDocument;
    const text = fillIn(template, {
      url: `\${aws:iot:s3-presigned-url:https://s3.amazonaws.com/${bucket}/${key}}`,
      version,
      size: String(bytes.length),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      signature: template.includes('{signature}') ? await options.sign(bytes) : '',
      'signer-cert': options.signerCertFile,
      witness: options.witnessUrlOf?.(jobId) ?? '',
      stream: jobId,
      job: jobId,
    });
    return {
      text,
      version,
      hasUrl: text.includes('${aws:iot:s3-presigned-url:'),
      stream: template.includes('{stream}') ? { bucket, key } : undefined,
    };
  };
}

/** The same bytes for the same version, on any machine. */
function madeUpImage(version: string): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 32 < madeUpBytes; index += 1) {
    blocks.push(createHmac('sha256', version).update(String(index)).digest());
  }
  return Buffer.concat(blocks, madeUpBytes);
}

/** With every placeholder filled in, since `{size}` without quotes is none yet. */
function mustBeJson(flag: string, file: string, template: string): void {
  const sample = fillIn(template, {
    url: 'u',
    version: '1',
    size: '1',
    sha256: 's',
    signature: 's',
    'signer-cert': 'c',
    witness: 'w',
    stream: 's',
    job: 'j',
  });
  try {
    JSON.parse(sample);
  } catch (cause) {
    // It quotes the text, with its line breaks.
    const message = (cause as Error).message.replaceAll(/\s+/g, ' ');
    throw new OperationalError('DOCUMENT_INVALID', `${flag}: ${file} is no JSON: ${message}`, { cause });
  }
}
