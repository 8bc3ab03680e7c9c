/** ListProvisioningTemplates, oldest first. Source: reference shadow-and-provisioning.md §4. */
import type { ListProvisioningTemplatesRequest, ListProvisioningTemplatesResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { templateNameAndArn } from './provisioning-templates.ts';

export function listProvisioningTemplates(
  { state }: Turn,
  request: ListProvisioningTemplatesRequest,
): Reply<ListProvisioningTemplatesResponse> {
  const page = pageOf(state, request, {
    list: 'provisioning-templates',
    ...inOrderOf(state.provisioningTemplateList, 'oldest first'),
  });
  if (page === undefined) return badToken();
  return accept({
    templates: page.entries.map(({ row }) => ({
      ...templateNameAndArn(state, row.templateName),
      description: row.description,
      creationDate: row.createdAt,
      lastModifiedDate: row.lastModifiedAt,
      enabled: row.enabled,
      type: row.type,
    })),
    nextToken: page.nextToken,
  });
}
