/** What is told to be pasted plays the same device again, and nothing else is taken for it. */
import { Option } from 'commander';
import { expect, it } from 'vitest';
import { objectionToReplay, replayCommand, replayOf } from '../../cli/check-replay.ts';
import type { CheckResult } from '../../rig/live/check/check-result.ts';

const options = [
  '--scenario <id>',
  '--out <dir>',
  '--settle <time>',
  '--document <file>',
  '--agent <name>',
  '--json',
].map((flags) => new Option(flags));
const play = 'npx jobrig check --replay';

it.each([
  [['check'], 'r', `${play} r`],
  [['check', '--', 'node', 'agent.mjs'], 'r', `${play} r -- node agent.mjs`],
  [
    ['check', '--scenario', 'pull-*', '--json', '--out', 'r', '--', './a', '--out', 'x'],
    'r',
    `${play} r -- ./a --out x`,
  ],
  [['check', '--scenario=pull-idle', '--settle=5s', '--', './a'], 'r', `${play} r --settle=5s -- ./a`],
  [
    ['check', '--document', 'my job.json', '--', './a', '{thing}'],
    'my r',
    `${play} 'my r' --document 'my job.json' -- ./a '{thing}'`,
  ],
  [['check', '--agent', 'r01', '--scenario', 'a', '--scenario', 'b'], 'r', `${play} r --agent r01`],
])('%s in %s', (words, out, command) => {
  expect(replayCommand(words, options, out)).toBe(command);
});

const runOf = (subject: string) => ({ subject }) as CheckResult;

it.each([
  ['node agent.mjs', `${play} r -- node agent.mjs`, true],
  ['the attached device pump-7', `${play} r --attach pump-7`, true],
  ['the simulated r01-retries-what-is-gone agent on esp32-s3', `${play} r --agent r01-retries-what-is-gone`, false],
])('a run of %s', (subject, command, isOfOutside) => {
  expect(replayOf(runOf(subject), 'r')).toBe(command);
  const asked = (kind: 'simulated' | 'program', ...given: string[]) =>
    objectionToReplay(runOf(subject), '--replay', { kind, given: new Set(given) });
  expect(asked('simulated') !== undefined).toBe(isOfOutside);
  expect(asked('simulated', 'agent')).toBeUndefined();
  expect(asked('program')).toBeUndefined();
});
