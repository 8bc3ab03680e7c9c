/** ListProvisioningTemplateVersions, oldest first. Source: service model. */
import type {
  ListProvisioningTemplateVersionsRequest,
  ListProvisioningTemplateVersionsResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { provisioningTemplateNamed } from './provisioning-templates.ts';

export function listProvisioningTemplateVersions(
  { state }: Turn,
  request: ListProvisioningTemplateVersionsRequest,
): Reply<ListProvisioningTemplateVersionsResponse> {
  const template = provisioningTemplateNamed(state, request.templateName);
  if ('accepted' in template) return template;
  const { versions, defaultVersionId } = template.row;
  const page = pageOf(state, request, {
    list: 'provisioning-template-versions',
    from: ([after] = [0]) => versions.filter(({ versionId }) => versionId > after),
    cursorOf: ({ versionId }) => [versionId],
  });
  if (page === undefined) return badToken();
  return accept({
    versions: page.entries.map(({ versionId, createdAt }) => ({
      versionId,
      creationDate: createdAt,
      isDefaultVersion: versionId === defaultVersionId,
    })),
    nextToken: page.nextToken,
  });
}
