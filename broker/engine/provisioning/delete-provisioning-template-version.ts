/** DeleteProvisioningTemplateVersion: any but the one in force. Source: service model (DeleteConflictException). */
import type {
  DeleteProvisioningTemplateVersionRequest,
  DeleteProvisioningTemplateVersionResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { deleteConflict } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { provisioningTemplateNamed, replaceProvisioningTemplate, templateVersionOf } from './provisioning-templates.ts';

export function deleteProvisioningTemplateVersion(
  turn: Turn,
  { templateName, versionId }: DeleteProvisioningTemplateVersionRequest,
): Reply<DeleteProvisioningTemplateVersionResponse> {
  const template = provisioningTemplateNamed(turn.state, templateName);
  if ('accepted' in template) return template;
  const version = templateVersionOf(template, versionId);
  if ('accepted' in version) return version;
  const { row } = template;
  // Assumed: AWS's words for it.
  if (row.defaultVersionId === versionId) {
    return deleteConflict(`Cannot delete the default version of a provisioning template (name=${templateName})`);
  }
  const versions = row.versions.filter((one) => one !== version);
  replaceProvisioningTemplate(turn, template, { ...row, versions, lastModifiedAt: turn.now });
  return acceptedEmpty;
}
