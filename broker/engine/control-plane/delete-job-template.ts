/**
 * DeleteJobTemplate: jobs made from it stay as they are.
 * Source: reference templates.md §1.
 */
import type { DeleteJobTemplateRequest } from '../../../protocol/aws/iot.ts';
import { formatJobTemplateArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { templateNotFound } from '../refusals.ts';
import { acceptedNothing } from '../reply.ts';
import { setTags } from '../tags.ts';
import type { Turn } from '../turn.ts';

export function deleteJobTemplate(turn: Turn, { jobTemplateId }: DeleteJobTemplateRequest): Reply<undefined> {
  const { state } = turn;
  const template = state.templates.get(jobTemplateId);
  if (template === undefined) return templateNotFound(jobTemplateId);
  state.templates.delete(jobTemplateId);
  state.templateList.remove(template);
  turn.drop('jobTemplate', jobTemplateId);
  setTags(turn, formatJobTemplateArn(state.identity, jobTemplateId), {});
  return acceptedNothing;
}
