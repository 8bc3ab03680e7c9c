import { describe, expect, it } from 'vitest';
import type { LoadShape } from '../../../rig/load/contract.ts';
import { readText } from '../../../protocol/positioned-text.ts';
import { checkShape } from '../../../rig/load/shape-file.ts';
import { loadShape, shapeNames } from '../../../rig/load/shapes.ts';

const head = 'id: mine\nclaim: It works.\n';

function scriptOf(script: string): LoadShape['script'] {
  const result = readText(`${head}script:\n${script}`, checkShape);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value.script;
}

describe('shape files', () => {
  it('are all readable, and each is named as its file', () => {
    expect(shapeNames()).toEqual(['churn', 'idle', 'mass-delete', 'reconnect-storm', 'rollout', 'throttled']);
    for (const name of shapeNames()) expect(loadShape(name).id).toBe(name);
  });

  it('have short forms that mean the long ones', () => {
    expect(scriptOf('  - rollout: a\n  - link: drop\n  - delete-job: a\n')).toEqual(
      scriptOf('  - rollout: {job: a}\n  - link: {drop: 100%}\n  - delete-job: {job: a, force: true}\n'),
    );
  });

  it.each([
    ['an unknown word', 'script:\n  - rolout: a\n', '4:5: `rolout`: did you mean `rollout`?'],
    [
      'an unknown member of a deed',
      'script:\n  - rollout: {job: a, windw: 3}\n',
      '4:23: `windw`: did you mean `window`?',
    ],
    ['an unknown member of the whole', 'scrip: []\n', '`scrip`: did you mean `script`?'],
    ['an unknown member of what is given', 'given: {thing: 3}\nscript: [{rollout: a}]\n', 'did you mean `things`?'],
    ['an unknown trigger', 'script:\n  - when: {conected: 100%}\n', '4:12: `conected`: did you mean `connected`?'],
    ['a job that is not rolled out', 'script:\n  - delete-job: upd\n', '4:5: no job upd is rolled out'],
    [
      'two deeds in one',
      'script:\n  - {rollout: a, link: drop}\n',
      'expected one deed, or `when` with `do`; found rollout, link',
    ],
    ['a percentage that is none', 'script:\n  - link: {drop: half}\n', 'no percentage'],
    ['a time that is none', 'script:\n  - when: {idle: 30}\n', '`idle`'],
    ['things that are none', 'given: {things: 0}\nscript: [{rollout: a}]\n', '`things`'],
    ['a repetition without end', 'repeats: true\nscript: [{rollout: a}]\n', '`repeats` needs a duration'],
    [
      'faults of devices',
      'given: {faults: [{kind: power-cut, untilMs: 1, forMs: 1}]}\nscript: [{rollout: a}]\n',
      '`power-cut`',
    ],
    ['faults that are none', 'given: {faults: [{kind: servce}]}\nscript: [{rollout: a}]\n', 'expected one of'],
    ...['pause', 'reconnect', 'duration'].map((name): [string, string, string] => [
      `a ${name} that no timer waits for`,
      `given: {${name}: 597 h}\nscript: [{rollout: a}]\n`,
      `\`${name}\`: expected at most 596 h`,
    ]),
    ['a pause of a rollout that no timer waits for', 'script: [{rollout: {job: a, pause: 597 h}}]\n', 'at most 596 h'],
    ['an idle time that no timer waits for', 'script: [{when: {idle: 597 h}}]\n', 'at most 596 h'],
    [
      'a keep-alive that MQTT cannot say',
      'given: {keep-alive: 65536 s}\nscript: [{rollout: a}]\n',
      '`keep-alive`: expected at most 65535 s',
    ],
    ...['delete-job', 'cancel-job'].map((deed): [string, string, string] => [
      `a ${deed} of a job that is deleted`,
      `script:\n  - rollout: a\n  - delete-job: a\n  - ${deed}: a\n`,
      '6:5: job a is deleted before',
    ]),
    ['a second document', 'script: [{rollout: a}]\n---\nid: b\n', 'here begins a second document, and one is read'],
    ['too many layers', `script: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, 'it is nested too deeply'],
    ['no script', '', '`script`: is missing'],
    ['what is no YAML', 'script: [\n', '4:1'],
    ['a trigger that is no object', 'script:\n  - when: soon\n', 'expected a trigger'],
    ['a deed that is no object', 'script:\n  - soon\n', '`soon` is not known here'],
  ])('with %s are refused, with line and column', (_, rest, expected) => {
    const result = readText(head + rest, checkShape);
    if (result.ok) throw new Error('was read');
    const said = result.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n');
    expect(said).toContain(expected);
    for (const { line, column } of result.problems) expect(line * column).toBeGreaterThan(0);
  });

  it('that are not there are named with those that are', () => {
    expect(() => loadShape('mass-delte')).toThrow('there is no such shape');
    expect(() => loadShape('./no-such-file.yaml')).toThrow('cannot be read');
  });
});
