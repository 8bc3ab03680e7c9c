/**
 * The provisioning templates of the registry and their versions, of which one is in force. What a template makes of a device is
 * provision-thing.ts.
 * Source: reference shadow-and-provisioning.md §4.
 */
import { formatProvisioningTemplateArn } from '../../../protocol/names.ts';
import type { Rejected } from '../contract.ts';
import { provisioningTemplateNotFound, templateVersionNotFound } from '../refusals.ts';
import type { ProvisioningTemplateRow, ProvisioningTemplateVersionRow } from '../rows.ts';
import type { ProvisioningTemplate, State } from '../state.ts';
import type { Turn } from '../turn.ts';

/** As rows were before templates had versions. */
type UnversionedRow = Omit<ProvisioningTemplateRow, 'versions' | 'versionCount' | 'defaultVersionId'> & {
  readonly templateBody: string;
};

export function holdProvisioningTemplate(state: State, kept: ProvisioningTemplateRow | UnversionedRow): void {
  const row = 'versions' in kept ? kept : withVersion(kept);
  const template: ProvisioningTemplate = { sequence: row.sequence, row };
  state.provisioningTemplates.set(row.templateName, template);
  state.provisioningTemplateList.append(template);
}

function withVersion({ templateBody, ...row }: UnversionedRow): ProvisioningTemplateRow {
  const versionId = 1;
  const versions = [{ versionId, templateBody, createdAt: row.createdAt }];
  return { ...row, versions, versionCount: 1, defaultVersionId: versionId };
}

export function templateVersionOf(
  { row }: ProvisioningTemplate,
  versionId: number,
): ProvisioningTemplateVersionRow | Rejected {
  const version = row.versions.find((one) => one.versionId === versionId);
  return version ?? templateVersionNotFound(row.templateName, versionId);
}

/** The text that is in force. */
export function defaultBodyOf(template: ProvisioningTemplate): string {
  const version = templateVersionOf(template, template.row.defaultVersionId);
  return 'accepted' in version ? '' : version.templateBody;
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
