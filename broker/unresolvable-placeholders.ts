/**
 * Which placeholders of job documents this rig can do nothing about, and why: a job with one of them would hand its devices
 * the bare placeholder, so it is refused when it is made. Knows what the rig has been started with; what a placeholder may
 * look like is the engine's business. Source: reference configs.md §7; the texts are this rig's own.
 */

/** @param placeholder without `${` and `}`. @returns why it cannot be resolved. */
export type WhyUnresolvable = (placeholder: string) => string | undefined;

const presigned = /^aws:iot:s3-presigned-url/;
const parameter = /^aws:iot:parameter:/;
const knownElsewhere: readonly (readonly [RegExp, string])[] = [
  [/^aws:iot:package:/, 'there is no package catalogue'],
  [/^aws:iot:code-sign-signature:/, 'nothing is signed here; put the signature into the document'],
];

/** @param hasFiles whether a folder stands in for S3. */
export function unresolvablePlaceholders(hasFiles: boolean): WhyUnresolvable {
  return (placeholder) => {
    if (!placeholder.startsWith('aws:')) return undefined; // another program's
    if (presigned.test(placeholder)) {
      return hasFiles ? undefined : 'there is no folder that stands in for S3; start `jobrig serve` with --files DIR';
    }
    if (parameter.test(placeholder)) return 'only AWS managed templates take parameters';
    return knownElsewhere.find(([pattern]) => pattern.test(placeholder))?.[1] ?? 'AWS IoT Jobs has no such placeholder';
  };
}
