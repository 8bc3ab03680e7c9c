/**
 * The job document as one device is handed it, each time anew: where presigned URLs can be had, their placeholders have
 * become URLs. How is given to the engine from outside, because it knows neither keys nor addresses.
 * Source: reference configs.md §7.
 */
import type { Execution, State } from './state.ts';

export function documentFor({ resolveDocument }: State, { job, row }: Execution): string {
  const { document, presignedUrlConfig } = job.row;
  if (resolveDocument === undefined) return document;
  const { jobId, thingName, executionNumber } = row;
  return resolveDocument(document, { jobId, thingName, executionNumber, presignedUrlConfig });
}
