/**
 * Job templates: holding them and finding the one that a job is to be made from, a custom one or one that AWS manages.
 * Source: reference templates.md §1 and §2.
 */
import type { CreateJobRequest } from '../../protocol/aws/iot.ts';
import { parseArn } from '../../protocol/names.ts';
import type { Rejected } from './contract.ts';
import { managedDocument } from './managed-templates.ts';
import { invalidRequest, templateNotFound } from './refusals.ts';
import type { JobConfigs, JobTemplateRow } from './rows.ts';
import type { State } from './state.ts';
import { isOfRegion, localName } from './targets.ts';

export function holdTemplate(state: State, row: JobTemplateRow): void {
  const template = { sequence: row.sequence, row };
  state.templates.set(row.jobTemplateId, template);
  state.templateList.append(template);
}

/** What a job takes from a template. Its description is not among it. */
type Template = Pick<
  JobTemplateRow,
  'document' | 'documentSource' | 'maintenanceWindows' | 'destinationPackageVersions'
> &
  JobConfigs;

/** @returns `undefined` when no template is asked for. */
export function resolveTemplate(
  state: State,
  { jobTemplateArn, documentParameters }: CreateJobRequest,
): Template | Rejected | undefined {
  const arn = parseArn(jobTemplateArn ?? '');
  if (documentParameters !== undefined && arn?.account !== '') {
    return invalidRequest('Document parameters can only be used with an AWS managed template.');
  }
  if (jobTemplateArn === undefined) return undefined;
  if (arn === undefined) return invalidRequest(`${jobTemplateArn} is not the ARN of a job template.`);
  if (arn.resource !== 'jobtemplate') {
    return invalidRequest(`Resource type should be jobtemplate but found invalid resource type ${arn.resource}`);
  }
  if (arn.account === '' && isOfRegion(arn, state)) return managedDocument(state.profile, arn.name, documentParameters);
  const template = localName(state, jobTemplateArn) && state.templates.get(arn.name);
  return template?.row ?? templateNotFound(arn.name);
}
