/** `--agent`: an agent of the zoo in place of the reference agent, and what is said about one that does not exist. */
import { describe, expect, it } from 'vitest';
import { referenceAgent } from '../../agent/core/behaviour.ts';
import { zoo } from '../agent/zoo/zoo-agents.ts';
import { readAgent } from '../../rig/live/agents.ts';
import { runHere } from '../support/command-here.ts';

describe('--agent', () => {
  it('takes the reference agent and every agent of the zoo', () => {
    expect(readAgent('reference')).toBe(referenceAgent);
    for (const { id, behaviour } of zoo) expect(readAgent(id)).toBe(behaviour);
  });

  it('simulates it, finds its bug and exits with 1', async () => {
    const { code, stdout } = await runHere(
      'simulate',
      '--seeds',
      '20',
      '--agent',
      'r02-keeps-its-checkpoint',
      '--json',
      '--quiet',
    );
    expect(code).toBe(1);
    const { violations } = JSON.parse(stdout) as { violations: readonly { broke: string; replay: string }[] };
    expect(violations.map(({ broke }) => broke)).toContain('V7');
    expect(violations[0]?.replay).toContain('--agent r02-keeps-its-checkpoint');
  });

  it.each(['simulate', 'fleet', 'demo'])(
    '%s answers an unknown one in one line, with names that are near',
    async (verb) => {
      const { code, stdout, stderr } = await runHere(verb, '--agent', 'r21-retries-terminal', '--quiet');
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(
        '--agent r21-retries-terminal: there is no such agent. Near it are r21-retries-terminal-errors,',
      );
    },
  );
});
