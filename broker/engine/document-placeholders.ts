/**
 * What a job document may not say with its placeholders, as far as it can be told from the text and the request: whether a
 * package, its version or an object in S3 exists is not looked up. Texts of other programs (`${HOME}`) are none of AWS's.
 * Source: reference configs.md §7 (table of refusals, whose texts these are). Assumed: that URLs which name no object of S3
 * are refused when the job is created, and the texts for it, since a device could do nothing with them.
 */
import { isBucketName, isObjectKey, parseS3Url } from '../../protocol/s3-url.ts';
import type { Rejected } from './contract.ts';
import { invalidRequest } from './refusals.ts';

export interface PlaceholderContext {
  readonly roleArn: string | undefined;
  readonly destinationPackageVersions: readonly string[];
  /** Why a placeholder cannot be resolved, whatever it looks like; absent: nothing is known about it. */
  readonly whyUnresolvable?: ((placeholder: string) => string | undefined) | undefined;
}

interface Placeholder {
  /** Without `${` and `}`. */
  readonly text: string;
  readonly children: readonly Placeholder[];
  /** Whether it is a whole JSON string. */
  readonly isWholeValue: boolean;
}

const maxLocalOccurrences = 2;
const localName = /^(?:thingName|jobId|executionNumber)$/;
const uploadPrefix = 'aws:iot:s3-presigned-url-upload:';
const downloadPrefix = /^aws:iot:s3-presigned-url(?:-v1|-v2)?:/;
const packagePattern =
  /^aws:iot:package:(?<name>[^:]*):version:(?<version>[^:]*):(?:(?<artifact>artifact(?:-location)?:s3-presigned-url)|attributes(?<attribute>:.+)?)$/s;

export function refusePlaceholders(document: string, context: PlaceholderContext): Rejected | undefined {
  if (!document.includes('${')) return undefined;
  const placeholders = parse(document);
  if (placeholders === undefined) return invalidRequest('One or more parameters or placeholders are not terminated.');
  for (const placeholder of placeholders) {
    const problem = outerProblem(placeholder, context);
    if (problem !== undefined) return invalidRequest(problem);
  }
  const unresolvable = firstOf(placeholders, (placeholder) => unresolvableIn(placeholder, context));
  return unresolvable === undefined ? undefined : invalidRequest(unresolvable);
}

/** What stands within a placeholder is looked at first: it has to be resolved before. */
function unresolvableIn(placeholder: Placeholder, context: PlaceholderContext): string | undefined {
  const { text, children } = placeholder;
  const inner = firstOf(children, (child) => unresolvableIn(child, context));
  if (inner !== undefined) return inner;
  const why = context.whyUnresolvable?.(text);
  return why === undefined ? undefined : `The placeholder \${${text}} cannot be resolved: ${why}.`;
}

function outerProblem(placeholder: Placeholder, context: PlaceholderContext): string | undefined {
  const { text, children } = placeholder;
  if (localName.test(text)) return `Local placeholder, \${${text}}, is only valid inside of presign url upload`;
  const isPresigned = text.startsWith('aws:iot:s3-presigned-url');
  if (isPresigned && context.roleArn === undefined) {
    return 'presignedUrlConfig role ARN is required to generate an S3 presigned url in job document.';
  }
  if (text.startsWith(uploadPrefix)) return uploadProblem(placeholder) ?? urlProblem(placeholder, uploadPrefix);
  const [prefix] = downloadPrefix.exec(text) ?? [];
  const problem = prefix === undefined || children.length > 0 ? undefined : urlProblem(placeholder, prefix);
  if (problem !== undefined) return problem;
  return packageProblem(placeholder, context, false) ?? firstOf(children, (child) => innerProblem(child, context));
}

/** Only a single attribute of a package may stand within another placeholder, and an image that is to be signed. */
function innerProblem(placeholder: Placeholder, context: PlaceholderContext): string | undefined {
  const { text } = placeholder;
  if (!text.startsWith('aws:') || text.startsWith('aws:iot:code-sign-signature:')) {
    return outerProblem(placeholder, context);
  }
  const isAttribute = packagePattern.exec(text)?.groups?.['artifact'] === undefined && packagePattern.test(text);
  return isAttribute ? packageProblem(placeholder, context, true) : secondLayer(text);
}

function uploadProblem({ text, children }: Placeholder): string | undefined {
  const [bucketPart = ''] = text.slice(uploadPrefix.length).split(/(?<![/:])\/(?!\/)/);
  const isPathStyle = /^https?:\/\/s3[.-]/.test(bucketPart);
  const bucket = isPathStyle ? (text.slice(uploadPrefix.length).split('/')[3] ?? '') : bucketPart;
  if (bucket.includes('${')) {
    return 'S3 bucket name in presigned url upload is not allowed to contain any placeholders';
  }
  return firstOf(children, (child) => {
    if (child.text.startsWith('aws:')) return secondLayer(child.text);
    const whole = `\${${child.text}}`;
    if (!localName.test(child.text)) return `Undefined placeholder, ${whole}, inside of presign url upload parameter`;
    if (children.filter((other) => other.text === child.text).length <= maxLocalOccurrences) return undefined;
    return `The occurrence of local placeholder ${whole} within S3 presigned url upload placeholder exceeds limit of ${maxLocalOccurrences}.`;
  });
}

/** An upload may leave its key to the service; what stands for a local placeholder is a name in any case. */
function urlProblem({ text }: Placeholder, prefix: string): string | undefined {
  const url = asJsonReads(text.slice(prefix.length));
  const object = parseS3Url(url.replaceAll(/\$\{\w+\}/g, '0'));
  if (object === undefined) return `The S3 URL ${url} in the job document is not valid.`;
  if (!isBucketName(object.bucket)) return `The bucket name ${object.bucket} in the job document is not valid.`;
  if (isObjectKey(object.key) || (object.key === '' && prefix === uploadPrefix)) return undefined;
  return `The S3 URL ${url} in the job document has no valid object key.`;
}

/** The text stands in a JSON string: `\/` is a slash. */
function asJsonReads(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

function packageProblem(placeholder: Placeholder, context: PlaceholderContext, isNested: boolean): string | undefined {
  const groups = packagePattern.exec(placeholder.text)?.groups;
  if (groups === undefined) return undefined;
  const { name = '', version = '', artifact, attribute } = groups;
  if ((name === '') !== (version === '')) return 'Empty package name and version name have to be used in pair.';
  if (name === '' && context.destinationPackageVersions.length > 1) {
    return 'Cannot resolve empty package name and version name given multiple elements in destination package versions.';
  }
  if (version === '$null') return '$null is not allowed to be referenced as a package version in job documents.';
  if (artifact !== undefined && context.roleArn === undefined) {
    return `presignedUrlConfig role ARN is required to generate an S3 presigned url in job document for package ${name} version ${version} artifact.`;
  }
  const isAll = artifact === undefined && attribute === undefined;
  return isAll && (isNested || !placeholder.isWholeValue)
    ? 'The package version attribute placeholder for all attributes has to be a json value by itself and not appended with other strings or nested with other placeholders.'
    : undefined;
}

/** Named by its first words: `${aws:iot:s3-presigned-url[...]}`. */
function secondLayer(text: string): string {
  const [, service = '', kind = ''] = text.split(':');
  return `\${aws:${service}:${kind}[...]} should not be the second layer pattern.`;
}

function firstOf(
  placeholders: readonly Placeholder[],
  problemOf: (placeholder: Placeholder) => string | undefined,
): string | undefined {
  for (const placeholder of placeholders) {
    const problem = problemOf(placeholder);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** @returns the outer placeholders with what stands in them, or `undefined` when one of AWS's does not end. */
function parse(text: string): Placeholder[] | undefined {
  const found: Placeholder[] = [];
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', start)) {
    const end = endOf(text, start);
    if (end === undefined) {
      if (text.startsWith('${aws:', start)) return undefined;
      start += 2;
      continue;
    }
    const inner = text.slice(start + 2, end);
    const children = parse(inner);
    if (children === undefined) return undefined;
    found.push({ text: inner, children, isWholeValue: text[start - 1] === '"' && text[end + 1] === '"' });
    start = end + 1;
  }
  return found;
}

/** Where the brace closes that opens at `start`; a placeholder does not go on beyond its JSON string. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  for (let index = start; index < text.length && text[index] !== '"'; index += 1) {
    if (text.startsWith('${', index)) depth += 1;
    else if (text[index] === '}') depth -= 1;
    if (depth === 0 && index > start + 1) return index;
  }
  return undefined;
}
