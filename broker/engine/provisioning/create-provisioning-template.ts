/**
 * CreateProvisioningTemplate. The hook is kept and shown, and never called: there is no AWS Lambda here. The role is not
 * looked for. Source: reference shadow-and-provisioning.md §4.
 */
import type {
  CreateProvisioningTemplateRequest,
  CreateProvisioningTemplateResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { uuidOf } from '../identifiers.ts';
import { alreadyExists, invalidRequest } from '../refusals.ts';
import { accept } from '../reply.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { holdProvisioningTemplate, templateNameAndArn } from './provisioning-templates.ts';
import { readTemplateBody } from '../../../protocol/provisioning-template.ts';

export function createProvisioningTemplate(
  turn: Turn,
  request: CreateProvisioningTemplateRequest,
): Reply<CreateProvisioningTemplateResponse> {
  const { state, now } = turn;
  const { templateName, description, templateBody, enabled = false, provisioningRoleArn, tags } = request;
  const { preProvisioningHook, type = 'FLEET_PROVISIONING' } = request;
  const named = templateNameAndArn(state, templateName);
  const existing = state.provisioningTemplates.get(templateName)?.row;
  if (existing !== undefined) {
    const id = uuidOf(`provisioningtemplate/${templateName}/${existing.sequence}`);
    return alreadyExists('Provisioning Template', templateName, id, named.templateArn);
  }
  const body = readTemplateBody(templateBody);
  if ('problem' in body) return invalidRequest(`Template body is invalid: ${body.problem}`);
  const newTags = withTags({}, tags);
  if (isTooManyTags(newTags)) return invalidRequest('Too many tags.');
  const versionId = 1;
  const row = {
    sequence: turn.createSequence(),
    templateName,
    ...(description !== undefined && { description }),
    versions: [{ versionId, templateBody, createdAt: now }],
    versionCount: 1,
    defaultVersionId: versionId,
    enabled,
    provisioningRoleArn,
    ...(preProvisioningHook && { preProvisioningHook }),
    type,
    createdAt: now,
    lastModifiedAt: now,
  };
  holdProvisioningTemplate(state, row);
  turn.put('provisioningTemplate', templateName, row);
  setTags(turn, named.templateArn, newTags);
  return accept({ ...named, defaultVersionId: versionId });
}
