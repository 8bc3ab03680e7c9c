/** Faults of a live device, by a fault plan or at a moment of a test's choosing. Waits for events, never for time. */
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../observation/observation.ts';
import type { LiveDevice } from '../../agent/live-device.ts';
import type { InstantFault } from '../../faults/thing-faults.ts';
import type { Fault } from '../../faults/plan.ts';
import { readJobDocument } from '../../rig/live/demo/documents.ts';
import { finished, liveFleet, liveService, lookAt } from '../support/live.ts';

const firmware = await readJobDocument('jobrig-firmware.json');
const thingName = 'thing-1';

async function oneDevice(
  options: { readonly faults?: readonly Fault[]; readonly onEvent?: (event: Observation) => void } = {},
) {
  const { service, operator } = await liveService();
  await operator.createThings([thingName], 'all');
  const { faults = [], onEvent } = options;
  const watched = await liveFleet({
    endpoint: service.mqttUrl!,
    faults: { faults },
    observer: lookAt((event) => onEvent?.(event)),
  });
  return { ...watched, operator, device: watched.fleet.devices.get(thingName)! };
}

function injected(name: string): (event: Observation) => boolean {
  return (event) => event.kind === 'fault' && event.name === name;
}

function connected({ kind }: Observation): boolean {
  return kind === 'connected';
}

function traced(kind: string): (event: Observation) => boolean {
  return (event) => event.kind === 'traced' && event.trace.kind === kind;
}

function asksForWork(event: Observation): boolean {
  return event.kind === 'sent' && event.request.jobId === '$next';
}

function entersWrite(event: Observation): boolean {
  return event.kind === 'traced' && event.trace.kind === 'step' && event.trace.step === 'write';
}

describe('a power cut', () => {
  it('ends when its time is over, and the device comes back', async () => {
    const { device, events, when } = await oneDevice();
    const seen = events.length;
    device.inject({ kind: 'power-cut', forMs: 3000 });
    expect(device.view().powered).toBe(false);
    await when(connected, seen);
    const [cut, off, lost, on] = events.slice(seen);
    expect([cut, off, lost, on]).toMatchObject([
      { kind: 'fault', name: 'power-cut' },
      { kind: 'power', on: false },
      { kind: 'disconnected' },
      { kind: 'power', on: true },
    ]);
    expect(on!.at - off!.at).toBeGreaterThanOrEqual(3000);
  });

  it('is nothing to a device that has no power', async () => {
    const { device, events } = await oneDevice();
    device.powerCut();
    const seen = events.length;
    device.inject({ kind: 'power-cut', forMs: 0 });
    expect(events).toHaveLength(seen);
  });

  it('waits while the device is held, and comes where it stands', async () => {
    const held: { device?: LiveDevice } = {};
    const { device, events, when, operator } = await oneDevice({
      onEvent(event) {
        if (entersWrite(event)) held.device?.hold();
      },
    });
    held.device = device;
    await operator.createJob({ jobId: 'update', things: [thingName], document: firmware });
    await when(entersWrite);
    delete held.device;
    const seen = events.length;
    device.inject({ kind: 'power-cut', forMs: 1000 });
    expect({ powered: device.view().powered, told: events.length }).toEqual({ powered: true, told: seen });
    device.release();
    expect(events.slice(seen, seen + 2).map(({ kind }) => kind)).toEqual(['fault', 'power']);
    await when(finished('update'));
    expect(await operator.execution({ jobId: 'update', thingName })).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a leap of the clock', () => {
  it('makes an idle device ask at once what it would have asked later', async () => {
    const { device, when, events } = await oneDevice();
    await when(asksForWork);
    const seen = events.length;
    device.inject({ kind: 'clock-jump', byMs: 3_600_000 });
    const leapt = events[seen]!;
    const asked = await when(asksForWork, seen);
    expect(injected('clock-jump')(leapt)).toBe(true);
    expect(asked.at - leapt.at).toBeLessThan(60_000);
  });
});

describe('a weak battery', () => {
  it('makes a transmission reset the device; when it is over the device does its job', async () => {
    const { device, when, operator } = await oneDevice();
    await when(asksForWork);
    device.inject({ kind: 'weak-battery', forMs: 20_000, byMv: 60_000 });
    await operator.createJob({ jobId: 'update', things: [thingName], document: firmware });
    await when(traced('crash'));
    await when(finished('update'));
    expect(device.view()).toMatchObject({ runningVersion: '2.0.0' });
  });
});

describe('a fault plan', () => {
  const always = { things: '*', fromMs: 0, untilMs: 3_600_000, perMillion: 1_000_000 } as const;

  it('changes messages, and each is told', async () => {
    const twice: Fault = { ...always, kind: 'message', direction: 'notification', effect: 'duplicate', lateMs: 1 };
    const { when, events, operator } = await oneDevice({ faults: [twice] });
    await operator.createJob({ jobId: 'restart', things: [thingName], document: '{"operation":"reboot"}' });
    await when(finished('restart'));
    const notifications = events.filter((event) => event.kind === 'received' && event.message.kind === 'notification');
    const told = events.filter((event) => injected('notification duplicate')(event));
    expect(told.length).toBeGreaterThan(0);
    expect(notifications.length).toBeGreaterThan(told.length);
  });

  it('comes to a device at its instants', async () => {
    const faults: readonly InstantFault[] = [
      { kind: 'link-lost', forMs: 1000 },
      { kind: 'partition', forMs: 400_000 },
    ];
    for (const fault of faults) {
      const at = { things: '*', fromMs: 2000, untilMs: 2000, times: 1 };
      const { when, events } = await oneDevice({ faults: [{ ...at, ...fault } as Fault] });
      await when(injected(fault.kind));
      const { at: lostAt } = await when((event) => event.kind === 'disconnected');
      const { at: backAt } = await when(connected, events.length);
      expect(backAt).toBeGreaterThan(lostAt);
    }
  });
});
