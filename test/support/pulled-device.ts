/** Evidence on a pulled device that is well, for tests to spoil one thing at a time. */
import type { ExecutionIdentity } from '../../observation/execution.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { DeviceEvent } from '../../agent/device-events.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { PulledDevice } from '../../rig/live/demo/evidence.ts';

export const pulledAt = 10_000;
export const dead: ExecutionIdentity = { jobId: 'firmware', executionNumber: 1, queuedAt: 1 };

export const idleView: DeviceView = {
  powered: true,
  connected: true,
  step: 'idle',
  execution: undefined,
  runningVersion: '2.0.0',
  slots: [
    { version: '1.0.0', state: 'invalid' },
    { version: '2.0.0', state: 'confirmed' },
  ],
  activeSlot: 1,
  ram: { usedBytes: 1000, budgetBytes: 5000 },
  openDownload: false,
  flash: { erases: 10, wear: 2 },
  checkpoint: undefined,
  boots: 2,
  sideEffects: { 'firmware#1@1': 1 },
  partsDone: {},
  downloads: {},
};

export const told: DeviceMessage = {
  kind: 'notification',
  name: 'JobExecutionsChanged',
  bytes: 30,
  payload: { timestamp: 10, jobs: {} },
};

export const refused: DeviceMessage = {
  kind: 'reply',
  outcome: 'rejected',
  operation: 'UpdateJobExecution',
  jobId: dead.jobId,
  bytes: 80,
  payload: { timestamp: 10, code: 'ResourceNotFound', message: 'Job firmware cannot be found.' },
};

export const updateOfDead: DeviceRequest = {
  operation: 'UpdateJobExecution',
  jobId: dead.jobId,
  body: { status: 'IN_PROGRESS' },
};

export const askNext: DeviceRequest = { operation: 'DescribeJobExecution', jobId: '$next', body: {} };

export function sent(at: number, request: DeviceRequest): DeviceEvent {
  return { at, kind: 'sent', request };
}

export function received(at: number, message: DeviceMessage): DeviceEvent {
  return { at, kind: 'received', message };
}

export function traced(at: number, trace: DeviceTrace): DeviceEvent {
  return { at, kind: 'trace', trace };
}

export function atStep(at: number, step: Extract<DeviceTrace, { kind: 'step' }>['step']): DeviceEvent {
  return traced(at, { kind: 'step', step, execution: dead, percent: 0 });
}

/** Pulled while it wrote, told at once, idle a second later. */
export const healthy: PulledDevice = {
  thingName: 'thing-1',
  pull: { mechanism: 'DeleteJobExecution', execution: dead, step: 'write', status: 'IN_PROGRESS', at: pulledAt },
  events: [
    atStep(5000, 'download'),
    atStep(9000, 'write'),
    received(10_050, told),
    traced(10_051, { kind: 'pulled', step: 'write', execution: dead, by: 'notify' }),
    traced(11_000, { kind: 'recovered', execution: dead }),
    sent(11_001, askNext),
  ],
  views: { before: idleView, settled: idleView, after: idleView, afterPowerCut: idleView },
  settleMs: 60_000,
  again: { jobId: 'firmware', givenAt: 80_000, executionNumber: 1, ended: 'SUCCEEDED' },
  canary: { jobId: 'canary', givenAt: 90_000, executionNumber: 1, ended: 'SUCCEEDED' },
  expectedVersion: '2.0.0',
};
