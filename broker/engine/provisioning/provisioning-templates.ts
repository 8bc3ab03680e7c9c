/**
 * The provisioning templates of the registry. One version each; what a template makes of a device is provision-thing.ts.
 * Source: reference shadow-and-provisioning.md §4.
 */
import { formatProvisioningTemplateArn } from '../../../protocol/names.ts';
import type { Rejected } from '../contract.ts';
import { provisioningTemplateNotFound } from '../refusals.ts';
import type { ProvisioningTemplateRow } from '../rows.ts';
import type { ProvisioningTemplate, State } from '../state.ts';
import type { Turn } from '../turn.ts';

export const onlyVersion = 1;

export function holdProvisioningTemplate(state: State, row: ProvisioningTemplateRow): void {
  const template: ProvisioningTemplate = { sequence: row.sequence, row };
  state.provisioningTemplates.set(row.templateName, template);
  state.provisioningTemplateList.append(template);
}

export function replaceProvisioningTemplate(
  turn: Turn,
  template: ProvisioningTemplate,
  row: ProvisioningTemplateRow,
): void {
  template.row = row;
  turn.put('provisioningTemplate', row.templateName, row);
}

export function provisioningTemplateNamed(state: State, templateName: string): ProvisioningTemplate | Rejected {
  return state.provisioningTemplates.get(templateName) ?? provisioningTemplateNotFound(templateName);
}

export function templateNameAndArn(
  state: State,
  templateName: string,
): { readonly templateName: string; readonly templateArn: string } {
  return { templateName, templateArn: formatProvisioningTemplateArn(state.identity, templateName) };
}
