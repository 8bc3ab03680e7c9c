/**
 * Job templates: holding them and finding the one that a job is to be made from. AWS's managed templates are not here.
 * Source: reference templates.md §1.
 */
import { parseArn } from '../../protocol/names.ts';
import type { Rejected } from './contract.ts';
import { invalidRequest, templateNotFound } from './refusals.ts';
import type { JobTemplateRow } from './rows.ts';
import type { State } from './state.ts';
import { localName } from './targets.ts';

export function holdTemplate(state: State, row: JobTemplateRow): void {
  const template = { sequence: row.sequence, row };
  state.templates.set(row.jobTemplateId, template);
  state.templateList.append(template);
}

/** @returns `undefined` when no template is asked for. */
export function resolveTemplate(
  state: State,
  jobTemplateArn: string | undefined,
): JobTemplateRow | Rejected | undefined {
  if (jobTemplateArn === undefined) return undefined;
  const arn = parseArn(jobTemplateArn);
  if (arn === undefined) return invalidRequest(`${jobTemplateArn} is not the ARN of a job template.`);
  if (arn.resource !== 'jobtemplate') {
    return invalidRequest(`Resource type should be jobtemplate but found invalid resource type ${arn.resource}`);
  }
  const template = localName(state, jobTemplateArn) && state.templates.get(arn.name);
  return template?.row ?? templateNotFound(arn.name);
}
