/** The device handle of the library: what it waits for, what it says when that does not come, and how it judges. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OperationalError, runCheck, runScenario, startDevice } from '../../index.ts';

const agents = resolve('fixtures/agents/mqttjs');
const faulty = (bug: string) =>
  ({ kind: 'program', command: [process.execPath, `${agents}/faulty-agent.mjs`, bug] }) as const;

describe('startDevice', () => {
  it('judges a device that goes on updating what is gone, with what was seen', async () => {
    await using device = await startDevice({ subject: faulty('repeats-refused-updates'), timeoutMs: 20_000 });
    const update = await device.createJob();
    const said = await device.until({ sent: 'UpdateJobExecution', status: 'IN_PROGRESS' });
    expect(said.request.jobId).toBe(`${update}-1`);
    await device.pull(update);
    const told = await device.until({ received: 'rejected', operation: 'UpdateJobExecution', nth: 3 });
    expect(told.message).toMatchObject({ payload: { code: 'ResourceNotFound' } });
    const { verdict, broke, reason, findings } = await device.verdict();
    expect([verdict, broke]).toEqual(['fail', expect.arrayContaining(['V2'])]);
    expect(reason).not.toBe('');
    expect(findings.find(({ claim }) => claim === 'V2')?.evidence.length).toBeGreaterThan(2);
  }, 240_000);

  it('misses nothing that happens before it is waited for, and says what it waited for in vain', async () => {
    await using device = await startDevice({
      subject: { kind: 'program', command: [process.execPath, `${agents}/agent.mjs`] },
      timeoutMs: 8000,
    });
    await device.createJob('update');
    const { at } = await device.until({ execution: 'SUCCEEDED', job: 'update' });
    const asked = await device.until({ sent: 'DescribeJobExecution' });
    expect(asked.at).toBeGreaterThanOrEqual(at);
    await expect(device.until('settled')).resolves.toBeUndefined();
    await expect(device.until({ sent: 'GetPendingJobExecutions' })).rejects.toThrow(
      /waited 8 s in vain for the device to send GetPendingJobExecutions; last seen: .*; it printed last: runs/,
    );
  }, 240_000);

  it('throws what cannot begin, and leaves nothing open', async () => {
    const subject = { kind: 'program', command: ['no-such-agent'] } as const;
    await expect(startDevice({ subject })).rejects.toMatchObject({ code: 'COMMAND_NOT_STARTED' });
  });
});

describe('runCheck and runScenario', () => {
  it('check a simulated agent by scenarios that are named', async () => {
    const subject = { kind: 'simulated', agent: 'r23-retries-whatever-is-refused' } as const;
    const { results } = await runCheck({ subject, scenarios: ['unheard-*'] });
    expect(results.map(({ scenario }) => scenario.id)).toEqual(['unheard-cancel', 'unheard-pull']);
    const run = await runScenario('unheard-pull', { subject });
    expect(run).toMatchObject({ verdict: 'fail', broke: expect.arrayContaining(['V2']) });
    await expect(runScenario('unheard-pull', { subject: { kind: 'simulated' } })).resolves.toMatchObject({
      verdict: 'pass',
    });
  });

  it('say what is not known', async () => {
    await expect(runCheck({ subject: { kind: 'simulated', agent: 'r99' } })).rejects.toBeInstanceOf(OperationalError);
    await expect(runScenario('unheard-pul', { subject: { kind: 'simulated' } })).rejects.toMatchObject({
      code: 'SCENARIO_UNKNOWN',
    });
  });
});
