/**
 * The job document as one device is handed it, each time anew: where presigned URLs can be had, their placeholders have
 * become URLs. How is given to the engine from outside, because it knows neither keys nor addresses.
 * Source: reference configs.md §7.
 */
import type { PresignedUrlConfig } from '../../protocol/aws/iot.ts';
import type { Execution, State } from './state.ts';

/** For whom a document is. */
export interface DocumentContext {
  readonly jobId: string;
  readonly thingName: string;
  readonly executionNumber: number;
  readonly presignedUrlConfig?: PresignedUrlConfig;
}

/** Total and free of side effects; a document without placeholders comes back as it is. */
export type ResolveDocument = (text: string, context: DocumentContext) => string;

export function documentFor({ resolveDocument }: State, { job, row }: Execution): string {
  const { document, presignedUrlConfig } = job.row;
  if (resolveDocument === undefined) return document;
  const { jobId, thingName, executionNumber } = row;
  return resolveDocument(document, { jobId, thingName, executionNumber, presignedUrlConfig });
}
