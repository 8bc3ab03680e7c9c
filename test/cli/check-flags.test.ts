/** Flags of `jobrig check` that contradict each other or would do nothing: one line that says so, and nothing is started. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runHere } from '../support/command-here.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('test');

const agent = ['--', 'no-such-agent'];
const attach = ['--attach', 'pump-7'];

describe('jobrig check refuses, in one line and with exit code 2,', () => {
  it.each<[string, readonly string[], string]>([
    ['nothing behind --', ['--'], 'nothing stands behind --'],
    ['an attached device and a command', [...attach, ...agent], 'exclude each other'],
    ['another agent beside a command', ['--agent', 'reference', ...agent], '--agent does not go with a command'],
    ['hardware for a command', ['--hardware', 'nrf52840', ...agent], '--hardware does not go with'],
    ['hardware for an attached device', ['--hardware', 'mix', ...attach], '--hardware does not go with --attach'],
    ['a console of a program', ['--console', 'cat x', ...agent], 'what a program prints is seen anyway'],
    ['a relay for a program', ['--power-off', 'x', '--power-on', 'y', ...agent], 'power is its process'],
    ['power off without on', ['--power-off', 'x', ...attach], '--power-off goes with --power-on only'],
    ['power on without off', ['--power-on', 'x', ...attach], '--power-on goes with --power-off only'],
    [
      'no power and a relay',
      ['--power', 'none', '--power-off', 'x', '--power-on', 'y', ...attach],
      'exclude each other',
    ],
    ['a restart rule for an attached device', ['--restart', 'never', ...attach], '--restart does not go with'],
    ['a thing beside an attached one', ['--thing', 'x', ...attach], '--thing does not go with --attach'],
    ['watching an attached device', ['--watch', ...attach], '--watch does not go with'],
    ['an attached device in parallel', ['--parallel', '2', ...attach], 'one attached device'],
    ['fixed ports in parallel', ['--parallel', '2', '--mqtts-port', '8883', ...agent], '--mqtts-port 8883 exclude'],
    ['--resume alone', ['--resume', ...agent], '--resume goes with --sweep only'],
    ['--points alone', ['--points', '3', ...agent], '--points goes with --sweep only'],
    ['--points for a simulated agent', ['--sweep', '--points', '3'], 'at every moment anyway'],
    ['--replay and --last-failed', ['--replay', 'x', '--last-failed'], 'exclude each other'],
    ['--replay and --scenario', ['--replay', 'x', '--scenario', 'pull-idle'], 'exclude each other'],
    ['--replay and --sweep', ['--replay', 'x', '--sweep'], 'exclude each other'],
    ['--last-failed and --sweep', ['--last-failed', '--sweep'], 'exclude each other'],
    ...(
      ['--document', '--image', '--canary', '--namespace', '--template', '--client-id', '--reset', '--host'] as const
    ).map((flag): [string, readonly string[], string] => [
      `${flag} for a simulated agent`,
      [flag, 'x'],
      `${flag} does not go with`,
    ]),
    ...(['--mqtt-port', '--mqtts-port', '--https-port'] as const).map((flag): [string, readonly string[], string] => [
      `${flag} for a simulated agent`,
      [flag, '0'],
      `${flag} does not go with`,
    ]),
    ['--timeout for a simulated agent', ['--timeout', '5s'], '--timeout does not go with'],
    ['a simulated agent that is not there', ['--agent', 'r01'], 'Near it are'],
    ['hardware that is not there', ['--hardware', 'abacus'], 'there is no such profile'],
    ['a scenario that is not there', ['--scenario', 'pull-in-wrk'], 'Did you mean pull-in-work?'],
    ['a part of a sweep', ['--shard', '1/2', '--sweep'], '--shard and --sweep exclude each other'],
    ['a shard beyond the whole', ['--shard', '5/4'], 'a part of a whole'],
    ['no scenarios at once', ['--parallel', '0', ...agent], '--parallel'],
    ['no repetition', ['--repeat', '0'], '--repeat'],
    ['a time without unit', ['--settle', '5'], '--settle'],
    ['a namespace with a slash', ['--namespace', 'a/b', ...agent], '--namespace'],
    ['a thing with a slash', ['--thing', 'a/b', ...agent], '--thing'],
    ['an empty client id', ['--client-id', '', ...agent], '--client-id'],
    ['a port that is a word', ['--mqtt-port', 'on', ...agent], '--mqtt-port'],
    ['another power rule', ['--power', 'some', ...agent], '--power'],
    ['another restart rule', ['--restart', 'maybe', ...agent], '--restart'],
    ['a run that is not there', ['--replay', 'no-such-run'], 'no-such-run'],
    ['a last run that is not there', ['--last-failed'], 'there is no such file'],
  ])('%s', async (_, words, message) => {
    const out = join(directory, 'out');
    const { code, stdout, stderr } = await runHere('check', '--out', out, ...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(message);
    expect(readdirSync(directory)).toEqual([]);
  });
});
