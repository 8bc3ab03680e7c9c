/** DescribeProvisioningTemplateVersion. Source: service model. */
import type {
  DescribeProvisioningTemplateVersionRequest,
  DescribeProvisioningTemplateVersionResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { provisioningTemplateNamed, templateVersionOf } from './provisioning-templates.ts';

export function describeProvisioningTemplateVersion(
  { state }: Turn,
  { templateName, versionId }: DescribeProvisioningTemplateVersionRequest,
): Reply<DescribeProvisioningTemplateVersionResponse> {
  const template = provisioningTemplateNamed(state, templateName);
  if ('accepted' in template) return template;
  const version = templateVersionOf(template, versionId);
  if ('accepted' in version) return version;
  const { templateBody, createdAt } = version;
  const isDefaultVersion = template.row.defaultVersionId === versionId;
  return accept({ versionId, creationDate: createdAt, templateBody, isDefaultVersion });
}
