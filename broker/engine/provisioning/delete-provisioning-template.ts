/** DeleteProvisioningTemplate: what it has made stays. Source: reference shadow-and-provisioning.md §4. */
import type {
  DeleteProvisioningTemplateRequest,
  DeleteProvisioningTemplateResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { acceptedEmpty } from '../reply.ts';
import { setTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { provisioningTemplateNamed, templateNameAndArn } from './provisioning-templates.ts';

export function deleteProvisioningTemplate(
  turn: Turn,
  { templateName }: DeleteProvisioningTemplateRequest,
): Reply<DeleteProvisioningTemplateResponse> {
  const { state } = turn;
  const template = provisioningTemplateNamed(state, templateName);
  if ('accepted' in template) return template;
  state.provisioningTemplates.delete(templateName);
  state.provisioningTemplateList.remove(template);
  turn.drop('provisioningTemplate', templateName);
  setTags(turn, templateNameAndArn(state, templateName).templateArn, {});
  return acceptedEmpty;
}
