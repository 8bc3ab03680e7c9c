/** What is said where a process may have too little of something to start. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { tooLittle } from '../../cli/own-limits.ts';

const main = resolve(import.meta.dirname, '../../dist/cli/main.js');
const told = (name: string, soft: string): string =>
  `Limit  Soft Limit  Hard Limit  Units\n${name}            ${soft}      4096      units\n`;
const megabyte = 1024 * 1024;

it.each([
  ['Max open files', 511, 512, 'load'],
  ['Max open files', 255, 256, 'serve'],
  ['Max address space', 16_383 * megabyte, 16_384 * megabyte, 'load'],
  ['Max address space', 16_383 * megabyte, 16_384 * megabyte, 'serve'],
  ['Max address space', 16_383 * megabyte, 16_384 * megabyte, 'check -- ./agent'],
  ['Max address space', 1535 * megabyte, 1536 * megabyte, 'check'],
  ['Max address space', 1535 * megabyte, 1536 * megabyte, 'merge one two'],
  ['Max data size', 255 * megabyte, 256 * megabyte, 'load'],
])('%s: %i is too little, %i is not, for %s', (name, little, enough, words) => {
  expect(tooLittle(words.split(' '), told(name, `${little}`), Infinity)).toContain('at least');
  expect(tooLittle(words.split(' '), told(name, `${enough}`), Infinity)).toBeUndefined();
  expect(tooLittle(words.split(' '), told(name, 'unlimited'), Infinity)).toBeUndefined();
});

it('a heap of 63 MB is too little', () => {
  expect(tooLittle(['load'], '', 63 * megabyte)).toContain('--max-old-space-size');
  expect(tooLittle(['load'], '', 64 * megabyte)).toBeUndefined();
});

it('where nobody tells, nothing is refused', () => expect(tooLittle(['load'], '', Infinity)).toBeUndefined());

it.each([
  ['-n 64', '', 'load', '64 open files here (ulimit -n), and at least 512 open files are needed'],
  ['-n 64', '', 'demo', '64 open files here (ulimit -n), and at least 512 open files are needed'],
  ['-n 64', '', 'simulate', '64 open files here (ulimit -n), and at least 512 open files are needed'],
  [
    '-v 4096000',
    '',
    'load',
    '4000 MB of address space here (ulimit -v), and at least 16384 MB of address space are needed',
  ],
  [
    '-v 4096000',
    '',
    'fleet',
    '4000 MB of address space here (ulimit -v), and at least 16384 MB of address space are needed',
  ],
  ['-d 204800', '', 'load', '200 MB of data here (ulimit -d), and at least 256 MB of data are needed'],
])('ulimit %s: %s%s says so in one line, and starts nothing', (limit, before, verb, what) => {
  const command = `ulimit ${limit}; ${before} exec '${process.execPath}' '${main}' ${verb} --things 2 --quiet`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: `jobrig: a process may have ${what}\n` });
});
