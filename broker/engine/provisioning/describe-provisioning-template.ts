/** DescribeProvisioningTemplate. Source: reference shadow-and-provisioning.md §4. */
import type {
  DescribeProvisioningTemplateRequest,
  DescribeProvisioningTemplateResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { defaultBodyOf, provisioningTemplateNamed, templateNameAndArn } from './provisioning-templates.ts';

export function describeProvisioningTemplate(
  { state }: Turn,
  { templateName }: DescribeProvisioningTemplateRequest,
): Reply<DescribeProvisioningTemplateResponse> {
  const template = provisioningTemplateNamed(state, templateName);
  if ('accepted' in template) return template;
  const { row } = template;
  return accept({
    ...templateNameAndArn(state, templateName),
    description: row.description,
    creationDate: row.createdAt,
    lastModifiedDate: row.lastModifiedAt,
    defaultVersionId: row.defaultVersionId,
    templateBody: defaultBodyOf(template),
    enabled: row.enabled,
    provisioningRoleArn: row.provisioningRoleArn,
    preProvisioningHook: row.preProvisioningHook,
    type: row.type,
  });
}
