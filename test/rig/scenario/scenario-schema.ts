/** The JSON Schema of scenario files, for editors: completion and red lines while a person writes. Generated into schema/scenario.json. */
import { z } from 'zod';
import { deedForms, shortForms } from '../../../rig/scenario/format/deeds.ts';
import { scenarioForm } from '../../../rig/scenario/format/read.ts';
import { bareTriggers, triggerForms } from '../../../rig/scenario/format/triggers.ts';

export function scenarioSchema(): object {
  const {
    properties,
    required: _required,
    ...rest
  } = schemaOf(scenarioForm) as {
    readonly properties: Readonly<Record<string, object>>;
    readonly required: readonly string[];
  };
  const entries = { type: 'array', items: { $ref: '#/$defs/entry' } };
  return {
    title: 'A scenario of jobrig',
    ...rest,
    required: ['id', 'claim', 'about', 'script'],
    properties: { ...properties, script: { ...entries, minItems: 1 }, meanwhile: entries },
    $defs: {
      entry: { anyOf: [{ $ref: '#/$defs/deed' }, whenDo] },
      deed: { anyOf: [{ enum: Object.keys(deedForms) }, ...Object.entries(deedForms).map(deedSchema)] },
      trigger: { anyOf: [{ enum: bareTriggers }, ...Object.values(triggerForms).map(schemaOf)] },
    },
  };
}

const whenDo = {
  type: 'object',
  properties: {
    when: { $ref: '#/$defs/trigger' },
    do: { anyOf: [{ $ref: '#/$defs/deed' }, { type: 'array', items: { $ref: '#/$defs/deed' } }] },
  },
  additionalProperties: false,
};

function deedSchema([name, form]: readonly [string, z.ZodType]): object {
  const long = schemaOf(form);
  const value = name in shortForms ? { anyOf: [{ type: 'string' }, long] } : long;
  return { type: 'object', properties: { [name]: value }, required: [name], additionalProperties: false };
}

function schemaOf(form: z.ZodType): object {
  const { $schema: _draft, ...schema } = z.toJSONSchema(form, { io: 'input', unrepresentable: 'any' });
  return schema;
}
