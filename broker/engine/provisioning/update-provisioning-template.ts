/** UpdateProvisioningTemplate: everything but its body, which needs a new version. Source: shadow-and-provisioning.md §4. */
import type {
  UpdateProvisioningTemplateRequest,
  UpdateProvisioningTemplateResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { invalidRequest } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { onlyVersion, provisioningTemplateNamed, replaceProvisioningTemplate } from './provisioning-templates.ts';

export function updateProvisioningTemplate(
  turn: Turn,
  request: UpdateProvisioningTemplateRequest,
): Reply<UpdateProvisioningTemplateResponse> {
  const { templateName, description, enabled, provisioningRoleArn, defaultVersionId = onlyVersion } = request;
  const template = provisioningTemplateNamed(turn.state, templateName);
  if ('accepted' in template) return template;
  if (defaultVersionId !== onlyVersion) return invalidRequest(`Template version ${defaultVersionId} cannot be found.`);
  const { preProvisioningHook: before, ...row } = template.row;
  const preProvisioningHook =
    request.removePreProvisioningHook === true ? undefined : (request.preProvisioningHook ?? before);
  replaceProvisioningTemplate(turn, template, {
    ...row,
    ...(description !== undefined && { description }),
    ...(enabled !== undefined && { enabled }),
    ...(provisioningRoleArn !== undefined && { provisioningRoleArn }),
    ...(preProvisioningHook && { preProvisioningHook }),
    lastModifiedAt: turn.now,
  });
  return acceptedEmpty;
}
