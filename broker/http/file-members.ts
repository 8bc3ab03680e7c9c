/**
 * What a door does for the operations that need files, which the engine does not read: the text of a `documentSource`, the
 * signatures for which a job document asks, size and signature of the files of an OTA update. Refuses what cannot be had;
 * a missing file of an OTA update is told to the engine, because on AWS the update is made first and fails then.
 * Source: reference configs.md §6, streams-and-ota.md §2.1, §2.2 and §5. Assumed: all texts.
 */
import type { CreateOTAUpdateRequest, OTAUpdateFile } from '../../protocol/aws/iot.ts';
import { maxDocumentBytes } from '../../protocol/limits.ts';
import { type S3Object, parseS3Url, parseSigningUrl } from '../../protocol/s3-url.ts';
import type { CreateOtaUpdate } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import { type AwsError, invalidRequest } from './aws-error.ts';
import type { Read } from './aws-request.ts';
import type { Files } from './files.ts';
import type { Members } from './request-members.ts';

/** What the door is given to read files with. */
export type FileReader = Pick<Files, 'readDocument' | 'inspect'>;

type Image = NonNullable<CreateOtaUpdate['images']>[number];

export async function withFiles(
  operationName: string,
  members: Members,
  files: FileReader | undefined,
  port: ServicePort,
): Promise<Read<Members>> {
  if (operationName === 'CreateOTAUpdate' && files !== undefined) {
    const { files: wanted } = members as unknown as CreateOTAUpdateRequest;
    return { value: { ...members, images: await Promise.all(wanted.map((file) => imageOf(file, files, port))) } };
  }
  const read = await withDocument(members, files);
  return 'error' in read || files === undefined ? read : signed(read.value, files);
}

/** The engine is given a source together with its text, so it could not tell that a caller has given both. */
async function withDocument(members: Members, files: FileReader | undefined): Promise<Read<Members>> {
  const { document, documentSource } = members;
  if (documentSource === undefined) return { value: members };
  if (document !== undefined) {
    return refused('Job document and job document source cannot be specified at the same time.');
  }
  if (files === undefined) return refused('Job document source cannot be read: there is no file store.');
  const read = await files.readDocument(documentSource as string);
  if ('text' in read) return { value: { ...members, document: read.text } };
  return read.missing === 'too large'
    ? refused(`Job document source ${String(documentSource)} is larger than ${maxDocumentBytes} bytes.`)
    : refused(`Job document source ${String(documentSource)} cannot be found.`);
}

/**
 * Within a presigned URL it names the signed image. The guide prints that form a brace short.
 * Assumed: the image is the same file, since a signature that stands apart does not change it.
 */
const signedImage = /\$\{aws:iot:s3-presigned-url(-v1|-v2)?:\$\{aws:iot:code-sign-signature:([^{}"]*)\}\}?/g;
const signature = /\$\{aws:iot:code-sign-signature:([^{}"]*)\}/g;

async function signed(members: Members, files: FileReader): Promise<Read<Members>> {
  const { document } = members;
  if (typeof document !== 'string' || !document.includes('${aws:iot:code-sign-signature:')) return { value: members };
  const problems: string[] = [];
  const withImages = document.replace(signedImage, (whole, kind = '', url: string) => {
    const object = objectAt(url);
    if (object === undefined) problems.push(notValid(url));
    return object === undefined ? whole : `\${aws:iot:s3-presigned-url${kind}:${urlOf(object)}}`;
  });
  const signatures = new Map<string, string>();
  for (const [, url = ''] of withImages.matchAll(signature)) {
    const object = objectAt(url);
    const found = object && (await files.inspect(object, true));
    if (found?.signature !== undefined) signatures.set(url, found.signature);
    else
      problems.push(
        object === undefined ? notValid(url) : `The object ${url}, which is to be signed, cannot be found.`,
      );
  }
  if (problems[0] !== undefined) return refused(problems[0]);
  return { value: { ...members, document: withImages.replace(signature, (_, url: string) => signatures.get(url)!) } };
}

function notValid(url: string): string {
  return `The S3 URL ${url} in the job document is not valid.`;
}

/** The text stands in a JSON string: `\/` is a slash. */
function objectAt(text: string): S3Object | undefined {
  let url = text;
  try {
    url = JSON.parse(`"${text}"`) as string;
  } catch {
    // Not for this file to refuse: the engine looks at the document as a whole.
  }
  const object = parseSigningUrl(url) ?? parseS3Url(url);
  return object === undefined || object.key === '' ? undefined : object;
}

function urlOf({ bucket, key, versionId }: S3Object): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  return `s3://${bucket}/${path}${versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`}`;
}

async function imageOf(
  { fileLocation, codeSigning }: OTAUpdateFile,
  files: FileReader,
  port: ServicePort,
): Promise<Image> {
  const { bucket, key, version } =
    fileLocation?.s3Location ?? (await locationIn(fileLocation?.stream ?? {}, port)) ?? {};
  if (bucket === undefined || key === undefined) {
    return { code: 'ResourceNotFoundException', message: 'The stream of a file cannot be found.' };
  }
  const object = { bucket, key, ...(version !== undefined && { versionId: version }) };
  const isSigned = codeSigning !== undefined && codeSigning.customCodeSigning === undefined;
  const found = await files.inspect(object, isSigned);
  return found === undefined
    ? { code: 'InvalidRequestException', message: `The S3 object s3://${bucket}/${key} cannot be found.` }
    : { object, ...found };
}

function locationIn(
  { streamId = '', fileId }: { readonly streamId?: string; readonly fileId?: number },
  port: ServicePort,
) {
  return new Promise<NonNullable<OTAUpdateFile['fileLocation']>['s3Location']>((resolve) => {
    port.submit({ name: 'iot:DescribeStream', request: { streamId } }, (reply) => {
      const { files = [] } = (reply.accepted && reply.response.streamInfo) || {};
      resolve(files.find((file) => file.fileId === fileId)?.s3Location);
    });
  });
}

function refused(message: string): { readonly error: AwsError } {
  return { error: { ...invalidRequest, message } };
}
