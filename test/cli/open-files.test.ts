/** What is said where a process may have too few open files to start. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { tooFewOpenFiles } from '../../cli/open-files.ts';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');
const limits = (soft: string): string =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}      4096      files\n`;

it.each([
  ['511', 'load', true],
  ['512', 'load', false],
  ['255', 'serve', true],
  ['256', 'serve', false],
  ['unlimited', undefined, false],
])('%s open files are too few for %s: %s', (soft, verb, isTooFew) => {
  expect(tooFewOpenFiles(limits(soft), verb) !== undefined).toBe(isTooFew);
});

it('where nobody tells, nothing is refused', () => expect(tooFewOpenFiles('', 'load')).toBeUndefined());

it.each(['load', 'demo', 'simulate'])('%s says so in one line, and starts nothing', (verb) => {
  const command = `ulimit -n 64; exec '${process.execPath}' '${main}' ${verb} --things 2 --quiet`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: 'jobrig: a process may have 64 open files here (ulimit -n), and at least 512 are needed\n',
  });
});
