/**
 * DescribeJobTemplate: everything a template holds.
 * Source: reference templates.md §1.
 */
import type { DescribeJobTemplateRequest, DescribeJobTemplateResponse } from '../../../protocol/aws/iot.ts';
import { formatJobTemplateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { templateNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function describeJobTemplate(
  { state }: Turn,
  { jobTemplateId }: DescribeJobTemplateRequest,
): Reply<DescribeJobTemplateResponse> {
  const template = state.templates.get(jobTemplateId);
  if (template === undefined) return templateNotFound(jobTemplateId);
  const { sequence: _sequence, ...described } = template.row;
  return accept({ ...described, jobTemplateArn: formatJobTemplateArn(state.identity, jobTemplateId) });
}
