import { describe, expect, it } from 'vitest';
import { createBoard } from '../../../agent/board/board.ts';
import type { Board, BoardInput } from '../../../agent/board/contract.ts';
import { type AgentBehaviour, referenceAgent } from '../../../agent/core/behaviour.ts';
import { otherwise } from '../../../agent/zoo/zoo-agent.ts';
import { zoo } from '../../agent/zoo/zoo-agents.ts';
import { runDemo } from '../../support/demo.ts';

/** A device that hears nothing which could tell it that its firmware job is gone. */
function deafToPulls(board: Board): Board {
  return {
    keepAliveMs: 120_000,
    thingName: board.thingName,
    apply(input, now) {
      const deaf = board.view().execution?.jobId.startsWith('firmware') === true && tellsOfPull(input);
      return deaf ? [] : board.apply(input, now);
    },
    nextSign: () => undefined,
    nextDeadline: () => board.nextDeadline(),
    view: () => board.view(),
  };
}

function tellsOfPull(input: BoardInput): boolean {
  if (input.kind !== 'message') return false;
  const { message } = input;
  if (message.kind === 'reply') return message.outcome === 'rejected';
  return message.name === 'NextJobExecutionChanged'
    ? message.payload.execution === undefined
    : Object.keys(message.payload.jobs).length === 0;
}

const nothing = { name: 'nothing', program: 'true', durationMs: 10, mayFail: false };

/** Quiet, and in order by every other claim: the job was not done. */
const undone: Readonly<Record<string, { agent: AgentBehaviour; claim: string; words: RegExp }>> = {
  'reports FAILED after every power cut': {
    agent: otherwise({
      foundAtBoot: (checkpoint, boot) => {
        const found = referenceAgent.foundAtBoot(checkpoint, boot);
        return found.kind === 'interrupted' ? { kind: 'interrupted', by: 'handler-interrupted' } : found;
      },
    }),
    claim: 'V5',
    words: /became FAILED, although the transfer can be resumed/,
  },
  'rejects every document of handlers': {
    agent: otherwise({
      readDocument: (...given) => {
        const plan = referenceAgent.readDocument(...given);
        return 'refused' in plan || plan.kind !== 'handlers' ? plan : { refused: 'no handlers here' };
      },
    }),
    claim: 'V5',
    words: /became REJECTED, although nothing kept/,
  },
  'runs the first handler only': {
    agent: otherwise({
      readDocument: (...given) => {
        const plan = referenceAgent.readDocument(...given);
        return 'refused' in plan || plan.kind !== 'handlers' ? plan : { ...plan, runs: plan.runs.slice(0, 1) };
      },
    }),
    claim: 'V4',
    words: /of its \d handlers \d never ran/,
  },
  'answers a reboot without one': {
    agent: otherwise({
      readDocument: (...given) => {
        const plan = referenceAgent.readDocument(...given);
        return 'refused' in plan || plan.kind !== 'reboot' ? plan : { kind: 'handlers', runs: [nothing] };
      },
    }),
    claim: 'V4',
    words: /the device was not restarted/,
  },
};

// Side by side: most of it is waiting.
describe.concurrent('the demo', () => {
  it('that is interrupted holds nothing against a device that it has only not done yet', async () => {
    const asked = new AbortController();
    const report = await runDemo({
      things: 24,
      signal: asked.signal,
      onProgress: ({ recovered }) => recovered > 2 && asked.abort(),
    });
    expect(report).toMatchObject({ verdict: 'inconclusive', partial: true, causes: [], devices: { invalid: 0 } });
    const recovered = report.deviceReports.filter(({ outcome }) => outcome === 'recovered');
    expect(recovered.length).toBeGreaterThan(2);
    expect(report.devices.valid).toBeLessThan(24);
    expect(report.deviceReports.find(({ outcome }) => outcome === 'inconclusive')?.reason).toMatch(/^interrupted/);
    expect(report.pulls.reduce((total, pull) => total + pull.recovered, 0)).toBe(recovered.length);
  });

  it('that is interrupted tells what is certain', async () => {
    const { behaviour } = zoo.find(({ id }) => id === 'r10-cannot-be-stopped-in-a-transfer')!;
    const asked = new AbortController();
    const broken: string[] = [];
    const report = await runDemo({
      things: 12,
      agent: behaviour,
      signal: asked.signal,
      onBroken(thingName) {
        broken.push(thingName);
        asked.abort();
      },
    });
    expect(report).toMatchObject({ verdict: 'fail', partial: true });
    expect(report.causes[0]?.in).toContain(broken[0]);
    expect(report.deviceReports.filter(({ outcome }) => outcome === 'invalid')).toHaveLength(report.devices.invalid);
    expect(report.runs.map(({ verdict }) => verdict)).toContain('fail');
  });

  it(
    'fails devices that do not notice the pull, names the claims, shows the evidence',
    { timeout: 240_000 },
    async () => {
      const report = await runDemo({ things: 3, boardOf: (options) => deafToPulls(createBoard(options)) });
      expect(report.verdict).toBe('fail');
      expect(report.devices.invalid).toBe(3);
      for (const device of report.deviceReports) {
        expect(device.outcome).toBe('invalid');
        const failed = device.findings.filter(({ outcome }) => outcome === 'fail');
        expect(failed.length).toBeGreaterThan(0);
        expect(failed.every(({ evidence }) => evidence.length > 0)).toBe(true);
        expect(device.observations.length).toBeGreaterThan(10);
      }
      expect(report.pulls.every(({ recovered }) => recovered === 0)).toBe(true);
      expect(report.causes.map(({ act }) => act)).toContain('live');
    },
  );

  it.each([
    ['r02-keeps-its-checkpoint', 'V7'],
    ['r19-knows-jobs-by-their-id', 'V4'],
  ])('fails %s live, with its claim %s', { timeout: 240_000 }, async (id, claim) => {
    const agent = zoo.find((one) => one.id === id)!.behaviour;
    const report = await runDemo({ things: 3, agent });
    expect(report.verdict).toBe('fail');
    expect(report.causes.filter(({ act }) => act === 'live').map((cause) => cause.claim)).toContain(claim);
    expect(report.runs.some(({ scenario }) => scenario.id === report.causes[0]!.scenario)).toBe(true);
  });

  it.each(Object.entries(undone))(
    'fails a device that %s in its first act',
    { timeout: 240_000 },
    async (_, { agent, claim, words }) => {
      const report = await runDemo({ things: 5, agent });
      expect(report.verdict).toBe('fail');
      const live = report.causes.filter(({ act }) => act === 'live');
      expect(live.find((cause) => cause.claim === claim)?.reason).toMatch(words);
    },
  );

  it('that is interrupted in its first act does not begin the second', async () => {
    const acts = new Set<string>();
    const controller = new AbortController();
    const { coverage } = await runDemo({
      things: 4,
      signal: controller.signal,
      onProgress({ act }) {
        acts.add(act);
        if (act.startsWith('wave 1')) controller.abort(new Error('enough'));
      },
    });
    expect(coverage).toMatchObject({ scenarios: 0, seeds: 0 });
    expect([...acts].some((act) => act.includes('virtual'))).toBe(false);
  });
});
