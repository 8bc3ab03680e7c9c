/** What the agent makes of each form of job document, against the real engine, from notification to terminal status. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VirtualWorld, type WorldOptions, firmwareDocument, hardware } from '../support/virtual-world.ts';

function fixture(name: string): string {
  return readFileSync(`fixtures/job-documents/${name}.json`, 'utf8');
}

function afterJob(document: object | string, options: WorldOptions = {}, namespaceId?: string): VirtualWorld {
  const world = new VirtualWorld({ ...options, ...(namespaceId !== undefined && { namespaces: [namespaceId] }) });
  world.powerOn();
  world.run(10_000);
  world.createJob('job-1', document, namespaceId);
  world.runUntil(() => world.traces('finished').length > 0);
  world.run(1000);
  return world;
}

/** A handler that fails, forgiven or not, and one that does not. */
function failingHandlers(ignoreStepFailure: string): object {
  return {
    version: '1.0',
    steps: [
      { action: { name: 'check', type: 'runCommand', input: { command: '/bin/false,now' }, ignoreStepFailure } },
      { action: { name: 'copy', type: 'runHandler', input: { handler: 'copy.sh' } } },
    ],
  };
}

describe('documents', () => {
  it('firmware: runs the new image, confirmed, and leaves nothing behind', () => {
    const world = afterJob(fixture('jobrig-firmware'));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(world.detailsOf('job-1')).toEqual({ version: '2.0.0' });
    expect(world.board.view()).toMatchObject({
      step: 'idle',
      runningVersion: '2.0.0',
      activeSlot: 1,
      slots: [{ state: 'invalid' }, { version: '2.0.0', state: 'confirmed' }],
      openDownload: false,
      checkpoint: undefined,
      boots: 2,
    });
    expect(Object.values(world.board.view().sideEffects)).toEqual([1]);
    expect(world.traces('step').map(({ step }) => step)).toEqual([
      'receive',
      ...Array.from({ length: 16 }, () => ['download', 'verify', 'write']).flat(),
      'activate',
      'reboot',
      'self-test',
      'confirm',
      'report',
    ]);
  });

  it.each(['rp2040', 'nrf9160'])('firmware: the same on the smaller %s', (name) => {
    const world = afterJob(fixture('jobrig-firmware'), { hardware: hardware(name) });
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(world.board.view().runningVersion).toBe('2.0.0');
  });

  it('firmware: does not flash what already runs', () => {
    const world = afterJob(firmwareDocument('1.0.0'));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(world.detailsOf('job-1')).toHaveProperty('note');
    expect(world.board.view()).toMatchObject({ boots: 1, flash: { erases: 0 } });
  });

  it('firmware with unicode: runs like any other', () => {
    expect(afterJob(fixture('unicode')).statusOf('job-1')).toBe('SUCCEEDED');
  });

  it('handlers: runs each once, in order, and asks before each', () => {
    const world = afterJob(fixture('device-client-steps'));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(Object.values(world.board.view().sideEffects)).toEqual([1]);
    const askedFor = world.sent('UpdateJobExecution').filter(({ body }) => body.status === 'IN_PROGRESS');
    expect(askedFor).toHaveLength(1 + 5);
  });

  it('handlers: a failing one fails the job and the others are not run; a forgiven one does not', () => {
    const failed = afterJob(failingHandlers('false'));
    expect(failed.statusOf('job-1')).toBe('FAILED');
    expect(failed.detailsOf('job-1')).toEqual({ reason: 'A handler failed' });
    expect(afterJob(failingHandlers('true')).statusOf('job-1')).toBe('SUCCEEDED');
  });

  it('reboot: boots once and says so', () => {
    const world = afterJob(fixture('reboot'));
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(world.board.view().boots).toBe(2);
  });

  it('FreeRTOS OTA: fails where the stream is not there', () => {
    const world = afterJob(fixture('freertos-ota'));
    expect(world.statusOf('job-1')).toBe('FAILED');
    expect(world.detailsOf('job-1')).toEqual({ reason: 'The image cannot be downloaded' });
  });

  const refused: readonly [string, object | string, RegExp][] = [
    ['FreeRTOS OTA without a file', { afr_ota: { protocols: ['MQTT'], streamname: 'S', files: [] } }, /FreeRTOS OTA/],
    ['a document of 32 KB', fixture('limit-32768-bytes'), /does not fit/],
    ['an unknown operation', { operation: 'dance' }, /nothing that this agent knows/],
    ['an unknown action', { steps: [{ action: { name: 'x', type: 'runMagic', input: {} } }] }, /unknown type runMagic/],
    ['no steps', { steps: [] }, /empty/],
    ['an image larger than a slot', firmwareDocument('2.0.0', 2_000_000), /slot/],
    [
      'an image without a digest',
      { operation: 'firmware', version: '2', image: { url: 'https://a/b', sizeBytes: 9 } },
      /sha256/,
    ],
  ];

  it.each(refused)('REJECTS %s from QUEUED, with the reason', (_name, document, reason) => {
    const world = afterJob(document);
    expect(world.statusOf('job-1')).toBe('REJECTED');
    expect(world.detailsOf('job-1')['reason']).toMatch(reason);
    expect(world.traces('finished')).toMatchObject([{ status: 'REJECTED' }]);
    expect(world.board.view()).toMatchObject({ step: 'idle', checkpoint: undefined, flash: { erases: 0 } });
  });

  it('REJECTS a Greengrass deployment of its namespace', () => {
    const world = afterJob(fixture('greengrass-deployment'), {}, 'aws-gg-deployment');
    expect(world.detailsOf('job-1')['reason']).toMatch(/Greengrass/);
  });

  it('takes a firmware job of a namespace through its own topics', () => {
    const world = afterJob(firmwareDocument('2.0.0'), {}, 'press-line');
    expect(world.statusOf('job-1')).toBe('SUCCEEDED');
    expect(world.sent('UpdateJobExecution').every(({ namespaceId }) => namespaceId === 'press-line')).toBe(true);
  });

  it('REJECTS what a smaller device cannot hold in memory, before it starts', () => {
    const small = hardware('esp32-s3');
    const ram = { ...small.ram, usableBytes: 163_840 + 20_480 + 8192 + 30_000 };
    const world = afterJob(firmwareDocument('2.0.0'), { hardware: { ...small, ram } });
    expect(world.statusOf('job-1')).toBe('REJECTED');
    expect(world.detailsOf('job-1')['reason']).toMatch(/memory/);
  });
});

describe('images', () => {
  it('a wrong digest fails the job before anything is activated', () => {
    const world = afterJob(firmwareDocument('2.0.0'), { origin: () => ({ digest: 'another', health: 'good' }) });
    expect(world.statusOf('job-1')).toBe('FAILED');
    expect(world.detailsOf('job-1')['reason']).toMatch(/digest/);
    expect(world.board.view()).toMatchObject({ boots: 1, runningVersion: '1.0.0', slots: [{}, { state: 'empty' }] });
  });

  it('a missing image fails the job', () => {
    const world = afterJob(firmwareDocument('2.0.0'), { origin: () => undefined });
    expect(world.detailsOf('job-1')['reason']).toMatch(/downloaded/);
    expect(world.board.view().openDownload).toBe(false);
  });

  it.each(['fails-self-test', 'does-not-boot'] as const)(
    'an image that %s is rolled back and reported FAILED',
    (health) => {
      const world = afterJob(firmwareDocument('2.0.0'), { origin: ({ sha256 }) => ({ digest: sha256, health }) });
      expect(world.statusOf('job-1')).toBe('FAILED');
      expect(world.detailsOf('job-1')['reason']).toMatch(/old one runs again/);
      expect(world.board.view()).toMatchObject({
        runningVersion: '1.0.0',
        slots: [{ state: 'confirmed' }, { version: '2.0.0', state: 'invalid' }],
        checkpoint: undefined,
      });
    },
  );

  it('a new image that cannot reach the service is rolled back (R58)', () => {
    const world = new VirtualWorld();
    world.powerOn();
    world.run(10_000);
    world.createJob('job-1', firmwareDocument('2.0.0'));
    world.runUntil(() => world.board.view().step === 'reboot' || world.board.view().boots === 2);
    world.cutLink();
    world.runUntil(() => world.board.view().boots === 3, 600_000);
    expect(world.board.view().runningVersion).toBe('1.0.0');
    world.restoreLink();
    world.runUntil(() => world.statusOf('job-1') === 'FAILED', 600_000);
    expect(world.statusOf('job-1')).toBe('FAILED');
  });

  it('flash that is worn out fails the job', () => {
    const worn = hardware('esp32-s3');
    const flash = { ...worn.flash, enduranceErases: 1 };
    const world = afterJob(firmwareDocument('2.0.0'), { hardware: { ...worn, flash } });
    for (const version of ['3.0.0', '4.0.0']) {
      world.createJob(version.replaceAll('.', '-'), firmwareDocument(version));
      world.runUntil(
        () => world.board.view().step === 'idle' && world.statusOf(version.replaceAll('.', '-')) !== 'QUEUED',
      );
      world.run(60_000);
    }
    expect(world.statusOf('3-0-0')).toBe('SUCCEEDED');
    expect(world.statusOf('4-0-0')).toBe('FAILED');
    expect(world.detailsOf('4-0-0')['reason']).toMatch(/flash/);
  });
});
