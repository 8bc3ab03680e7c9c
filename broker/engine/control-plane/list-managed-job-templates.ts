/**
 * ListManagedJobTemplates, by name, or the versions of one.
 * Source: reference templates.md §2.
 */
import type { ListManagedJobTemplatesRequest, ListManagedJobTemplatesResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { describeManaged, managedTemplates } from '../managed-templates.ts';
import { pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function listManagedJobTemplates(
  { state }: Turn,
  request: ListManagedJobTemplatesRequest,
): Reply<ListManagedJobTemplatesResponse> {
  const names = managedTemplates();
  const page = pageOf(state, request, {
    list: 'managed-templates',
    from: (cursor) => names.slice(cursor?.[0] ?? 0),
    cursorOf: (name) => [names.indexOf(name) + 1],
    matches: (name) => request.templateName === undefined || name === request.templateName,
  });
  if (page === undefined) return badToken();
  const managedJobTemplates = page.entries.map((name) => {
    const { templateName, templateArn, description, templateVersion, environments } = describeManaged(state, name)!;
    return { templateName, templateArn, description, templateVersion, environments };
  });
  return accept({ managedJobTemplates, nextToken: page.nextToken });
}
