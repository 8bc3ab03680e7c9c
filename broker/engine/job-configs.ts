/**
 * What CreateJob and CreateJobTemplate have in common: a job document from one source, and configurations of which each
 * may come from the request or, whole, from what the request builds on.
 * Source: reference configs.md §6, templates.md §1.
 */
import { parseJsonObject } from '../../protocol/json.ts';
import { maxDocumentBytes } from '../../protocol/limits.ts';
import { utf8Length } from '../../protocol/utf8.ts';
import type { Rejected } from './contract.ts';
import { invalidRequest } from './refusals.ts';
import type { JobConfigs } from './rows.ts';

interface DocumentMembers {
  readonly document?: string;
  readonly documentSource?: string;
}

/**
 * A door that can read a `documentSource` gives it together with the text that it has found there; only once, because later
 * changes of the source have no effect.
 * @param inherited is the document of the template or job that the request builds on.
 */
export function documentOf(
  { document, documentSource }: DocumentMembers,
  inherited: string | undefined,
): string | Rejected {
  if (documentSource !== undefined && document === undefined) {
    return invalidRequest('Job document source cannot be read: there is no file store.');
  }
  const text = document ?? inherited;
  if (text === undefined) return invalidRequest('Neither job document nor job document source is specified.');
  if (parseJsonObject(text) === undefined) return invalidRequest('Job document is not a JSON object.');
  return utf8Length(text) > maxDocumentBytes
    ? invalidRequest(`Job document is larger than ${maxDocumentBytes} bytes.`)
    : text;
}

/** The request's own members, and what it leaves out from what it builds on. */
export function configsOf(request: JobConfigs, inherited: JobConfigs = {}): JobConfigs {
  return {
    presignedUrlConfig: request.presignedUrlConfig ?? inherited.presignedUrlConfig,
    jobExecutionsRolloutConfig: request.jobExecutionsRolloutConfig ?? inherited.jobExecutionsRolloutConfig,
    abortConfig: request.abortConfig ?? inherited.abortConfig,
    timeoutConfig: request.timeoutConfig ?? inherited.timeoutConfig,
    jobExecutionsRetryConfig: request.jobExecutionsRetryConfig ?? inherited.jobExecutionsRetryConfig,
  };
}
