/**
 * Presigned-URL placeholders of a job document, replaced at the moment at which a device is handed the text, so that two
 * reads give two URLs. A placeholder that names no object of S3 stays as it is. Other placeholders are not looked at; those
 * for parameters are filled in when the job is created. Source: reference configs.md §7.
 */
import { presignedUrlSeconds } from '../../protocol/limits.ts';
import { type S3Object, parseS3Url } from '../../protocol/s3-url.ts';
import type { DocumentContext } from '../engine/contract.ts';
import type { SignedMethod } from './signed-urls.ts';

export type Presign = (method: SignedMethod, object: S3Object, expiresInSec: number) => string;

/** A URL may hold local placeholders, which are braces within braces. */
const placeholder = /\$\{aws:iot:s3-presigned-url(?<kind>|-v1|-v2|-upload):(?<url>(?:\$\{\w+\}|[^{}"])*)\}/g;

export function resolvePlaceholders(text: string, context: DocumentContext, presign: Presign): string {
  if (!text.includes('${aws:iot:s3-presigned-url')) return text;
  const expiresInSec = context.presignedUrlConfig?.expiresInSec ?? presignedUrlSeconds.default;
  return text.replace(placeholder, (whole, kind: string, url: string) => {
    const upload = kind === '-upload';
    const object = parseS3Url(upload ? withLocals(unescaped(url), context) : unescaped(url));
    if (object === undefined) return whole;
    const { bucket, key } = object;
    if (upload) return presign('PUT', { bucket, key: key || generatedKey(context) }, expiresInSec);
    return key === '' ? whole : presign('GET', object, expiresInSec);
  });
}

/** As JSON reads it: `\/` is a slash. */
function unescaped(url: string): string {
  try {
    return JSON.parse(`"${url}"`) as string;
  } catch {
    return url;
  }
}

function withLocals(url: string, { thingName, jobId, executionNumber }: DocumentContext): string {
  const locals: Readonly<Record<string, string>> = { thingName, jobId, executionNumber: String(executionNumber) };
  return url.replace(/\$\{(\w+)\}/g, (whole, name: string) => encodeURIComponent(locals[name] ?? whole));
}

/** Assumed: AWS generates a key where the URL names only a bucket; its form is not published (configs.md §7). */
function generatedKey({ jobId, thingName, executionNumber }: DocumentContext): string {
  return `${jobId}/${thingName}/${executionNumber}`;
}
