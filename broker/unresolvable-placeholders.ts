/**
 * Which placeholders of job documents this rig can do nothing about, and why: a job with one of them would hand its devices
 * the bare placeholder, so it is refused when it is made. Knows what the rig has been started with; what a placeholder may
 * look like is the engine's business. Source: reference configs.md §7; the texts are this rig's own.
 */

/** @param placeholder without `${` and `}`. @returns why it cannot be resolved. */
export type WhyUnresolvable = (placeholder: string) => string | undefined;

/** Signatures are put in when a job is made, from the folder. */
const ofFiles = /^aws:iot:(?:s3-presigned-url|code-sign-signature)/;
const parameter = /^aws:iot:parameter:/;
const ofPackages = /^aws:iot:package:/;

/** @param hasFiles whether a folder stands in for S3. */
export function unresolvablePlaceholders(hasFiles: boolean): WhyUnresolvable {
  return (placeholder) => {
    if (!placeholder.startsWith('aws:')) return undefined; // another program's
    if (ofFiles.test(placeholder)) {
      return hasFiles ? undefined : 'there is no folder that stands in for S3; start `jobrig serve` with --files DIR';
    }
    if (parameter.test(placeholder)) return 'only AWS managed templates take parameters';
    return ofPackages.test(placeholder) ? 'there is no package catalogue' : 'AWS IoT Jobs has no such placeholder';
  };
}
