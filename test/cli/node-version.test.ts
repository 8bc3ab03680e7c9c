/** On which versions of Node jobrig says that it has not been tried, and that what it says is what CI does. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { testedNodes, untestedNode } from '../../cli/node-version.ts';

it.each([
  ['20.19.0', false],
  ['21.7.3', false],
  ['22.22.0', false],
  ['24.0.0', false],
  ['25.0.0', false],
  ['26.1.0', false],
  ['27.0.0', true],
  ['28.1.0-nightly20270101', true],
  ['100.0.0', true],
])('Node %s is told of: %s', (version, isTold) => {
  const line = untestedNode(version);
  expect(line !== undefined).toBe(isTold);
  if (isTold) expect(line).toMatch(new RegExp(`^tested on Node 20, 22, 24, 26; this is Node ${version}\\.[^\n]*$`));
});

it('the tested ones are the least that is supported and those of CI', () => {
  const script = readFileSync('.ci/run', 'utf8');
  const inCi = [...script.matchAll(/^step 'Node (\d+)' on_node \1$/gm)].map(([, major]) => Number(major));
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly engines: { readonly node: string };
  };
  expect(testedNodes).toEqual([Number.parseInt(engines.node.replace('>=', ''), 10), ...inCi]);
});
