import PQueue from 'p-queue';
import { describe, expect, it } from 'vitest';
import { createDeviceClock } from '../../../agent/device-clock.ts';
import type { Fault } from '../../../faults/plan.ts';
import { Recorder } from '../../../rig/live/demo/recorder.ts';
import { type Stage, quietView, wasInterrupted, whenOver } from '../../../rig/live/demo/stage.ts';
import { liveFleet, liveService } from '../../support/live.ts';
import { traced } from '../../support/pulled-device.ts';

const timeScale = 200;
const thingName = 'thing-1';

/** A device at the service, on whose link and power `faults` fault. */
async function stageWith(...faults: readonly Fault[]) {
  const { service, operator } = await liveService({ timeScale });
  await operator.createThings([thingName], 'all');
  const clock = createDeviceClock(timeScale);
  const recorder = new Recorder(clock);
  const watched = await liveFleet({
    endpoint: service.mqttUrl!,
    clock,
    faults: { faults },
    onEvent: (name, event) => recorder.note(name, event),
  });
  const stage: Stage = {
    devices: watched.fleet.devices,
    hardwareOf: (name) => watched.fleet.hardwareOf(name),
    operator,
    recorder,
    recoveries: new PQueue(),
    now: clock.now,
    announce() {},
    count() {},
  };
  return { ...watched, stage, operator };
}

describe('a job is over', () => {
  it('when the service says so, though the device never hears that its refusal was taken', async () => {
    const lostAnswer: Fault = {
      kind: 'message',
      things: '*',
      direction: 'reply',
      effect: 'lost',
      operations: ['UpdateJobExecution'],
      fromMs: 0,
      untilMs: 3_600_000,
      perMillion: 1_000_000,
      lateMs: 0,
    };
    const { stage, operator, events } = await stageWith(lostAnswer);
    const over = whenOver(stage, thingName, 'unknown');
    await operator.createJob({
      jobId: 'unknown',
      things: [thingName],
      document: '{"operation":"dance"}',
    });
    expect(await over).toEqual({ status: 'REJECTED', executionNumber: 1 });
    expect(events.some(([, event]) => event.kind === 'trace' && event.trace.kind === 'finished')).toBe(false);
  });

  it('not before the device is done with it as well', async () => {
    const { stage, operator } = await stageWith();
    const over = whenOver(stage, thingName, 'restart');
    await operator.createJob({ jobId: 'restart', things: [thingName], document: '{"operation":"reboot"}' });
    expect(await over).toEqual({ status: 'SUCCEEDED', executionNumber: 1 });
    expect(stage.devices.get(thingName)!.view().step).toBe('idle');
  });

  it('never, for a job that does not exist', async () => {
    const { stage } = await stageWith();
    expect(await whenOver(stage, thingName, 'nothing', 1000)).toBeUndefined();
  });
});

describe('a job of handlers', () => {
  const execution = { jobId: 'steps', executionNumber: 1, queuedAt: 1 };
  const running = traced(1, { kind: 'step', step: 'activate', execution, percent: 0 });
  const boot = traced(2, { kind: 'boot', version: '1.0.0', boots: 2 });
  const ended = traced(3, { kind: 'finished', execution, status: 'FAILED' });

  it.each([
    ['between its start and its end', [running, boot, ended], true],
    ['and the device never told of its end', [running, boot], true],
    ['before it started', [boot, running, ended], false],
    ['after it had ended', [running, ended, boot], false],
  ])('was interrupted if the device booted: %s', (_, events, interrupted) => {
    using recorder = new Recorder(createDeviceClock());
    for (const event of events) recorder.note(thingName, event);
    expect(wasInterrupted({ recorder }, thingName, 'steps')).toBe(interrupted);
    expect(wasInterrupted({ recorder }, thingName, 'other')).toBe(false);
  });
});

describe('a view to compare', () => {
  it('is taken when the device is back on its connection', async () => {
    const { stage, when } = await stageWith();
    const device = stage.devices.get(thingName)!;
    const away = when((event) => event.kind === 'disconnected');
    device.inject({ kind: 'link-lost', forMs: 5000 });
    await away;
    expect(device.view().connected).toBe(false);
    expect(await quietView(stage, thingName)).toMatchObject({ connected: true, step: 'idle' });
  });
});
