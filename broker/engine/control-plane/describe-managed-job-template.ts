/**
 * DescribeManagedJobTemplate: document and parameters of a template that AWS manages. There is one version of each.
 * Source: reference templates.md §2.
 */
import type {
  DescribeManagedJobTemplateRequest,
  DescribeManagedJobTemplateResponse,
} from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { describeManaged, managedTemplateVersion } from '../managed-templates.ts';
import { templateNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function describeManagedJobTemplate(
  { state }: Turn,
  { templateName, templateVersion = managedTemplateVersion }: DescribeManagedJobTemplateRequest,
): Reply<DescribeManagedJobTemplateResponse> {
  const template = describeManaged(state, templateName);
  if (template === undefined) return templateNotFound(templateName);
  return templateVersion === managedTemplateVersion
    ? accept(template)
    : templateNotFound(`${templateName}:${templateVersion}`);
}
