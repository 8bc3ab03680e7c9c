/**
 * CreateProvisioningTemplateVersion: in force when asked to be. Five versions are kept.
 * Source: service model; AWS IoT Core quotas (versions of a fleet provisioning template).
 */
import type {
  CreateProvisioningTemplateVersionRequest,
  CreateProvisioningTemplateVersionResponse,
} from '../../../protocol/aws/iot.ts';
import { maxTemplateVersions } from '../../../protocol/limits.ts';
import { readTemplateBody } from '../../../protocol/provisioning-template.ts';
import type { Reply } from '../contract.ts';
import { invalidRequest, tooManyTemplateVersions } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import {
  provisioningTemplateNamed,
  replaceProvisioningTemplate,
  templateNameAndArn,
} from './provisioning-templates.ts';

export function createProvisioningTemplateVersion(
  turn: Turn,
  { templateName, templateBody, setAsDefault = false }: CreateProvisioningTemplateVersionRequest,
): Reply<CreateProvisioningTemplateVersionResponse> {
  const { state, now } = turn;
  const template = provisioningTemplateNamed(state, templateName);
  if ('accepted' in template) return template;
  const body = readTemplateBody(templateBody);
  if ('problem' in body) return invalidRequest(`Template body is invalid: ${body.problem}`);
  const { row } = template;
  if (row.versions.length >= maxTemplateVersions) return tooManyTemplateVersions(templateName);
  const versionId = row.versionCount + 1;
  replaceProvisioningTemplate(turn, template, {
    ...row,
    lastModifiedAt: now,
    versions: [...row.versions, { versionId, templateBody, createdAt: now }],
    versionCount: versionId,
    ...(setAsDefault && { defaultVersionId: versionId }),
  });
  return accept({ ...templateNameAndArn(state, templateName), versionId, isDefaultVersion: setAsDefault });
}
