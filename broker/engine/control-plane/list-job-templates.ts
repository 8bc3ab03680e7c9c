/**
 * ListJobTemplates, newest first.
 * Source: reference templates.md §1.
 */
import type { ListJobTemplatesRequest, ListJobTemplatesResponse } from '../../../protocol/aws/iot.ts';
import { formatJobTemplateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function listJobTemplates({ state }: Turn, request: ListJobTemplatesRequest): Reply<ListJobTemplatesResponse> {
  const page = pageOf(state, request, { list: 'templates', ...inOrderOf(state.templateList, 'newest first') });
  if (page === undefined) return badToken();
  return accept({
    jobTemplates: page.entries.map(({ row: { jobTemplateId, description, createdAt } }) => ({
      jobTemplateArn: formatJobTemplateArn(state.identity, jobTemplateId),
      jobTemplateId,
      description,
      createdAt,
    })),
    nextToken: page.nextToken,
  });
}
