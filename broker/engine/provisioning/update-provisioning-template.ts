/** UpdateProvisioningTemplate: everything but its body; which of its versions is in force, too. Source: shadow-and-provisioning.md §4. */
import type {
  UpdateProvisioningTemplateRequest,
  UpdateProvisioningTemplateResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { acceptedEmpty } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { provisioningTemplateNamed, replaceProvisioningTemplate, templateVersionOf } from './provisioning-templates.ts';

export function updateProvisioningTemplate(
  turn: Turn,
  request: UpdateProvisioningTemplateRequest,
): Reply<UpdateProvisioningTemplateResponse> {
  const { templateName, description, enabled, provisioningRoleArn, defaultVersionId } = request;
  const template = provisioningTemplateNamed(turn.state, templateName);
  if ('accepted' in template) return template;
  const version = defaultVersionId === undefined ? undefined : templateVersionOf(template, defaultVersionId);
  if (version !== undefined && 'accepted' in version) return version;
  const { preProvisioningHook: before, ...row } = template.row;
  const preProvisioningHook =
    request.removePreProvisioningHook === true ? undefined : (request.preProvisioningHook ?? before);
  replaceProvisioningTemplate(turn, template, {
    ...row,
    ...(description !== undefined && { description }),
    ...(enabled !== undefined && { enabled }),
    ...(provisioningRoleArn !== undefined && { provisioningRoleArn }),
    ...(preProvisioningHook && { preProvisioningHook }),
    ...(defaultVersionId !== undefined && { defaultVersionId }),
    lastModifiedAt: turn.now,
  });
  return acceptedEmpty;
}
