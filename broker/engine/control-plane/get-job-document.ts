/**
 * GetJobDocument: the text as it was given, byte for byte, placeholders and all.
 * Source: reference configs.md §6.
 */
import type { GetJobDocumentRequest, GetJobDocumentResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { jobNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function getJobDocument({ state }: Turn, { jobId }: GetJobDocumentRequest): Reply<GetJobDocumentResponse> {
  const job = state.jobs.get(jobId);
  return job === undefined ? jobNotFound(jobId) : accept({ document: job.row.document });
}
