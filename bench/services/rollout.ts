/**
 * The operator of a measured run, inside the service's process: one continuous job and one thing group a round, and a
 * window of executions kept in flight by adding the next thing to the group when one has finished. It speaks only through
 * the port that doors use; what it costs is part of the work of every alternative that has job logic.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { OperationName, RequestOf } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { formatThingGroupArn } from '../../protocol/names.ts';
import { benchThingName } from '../load/thing-names.ts';
import { type Flight, startFlight } from './flight.ts';

export const benchIdentity = { region: 'us-east-1', account: '000000000000' };

/** As a firmware job has it: about 300 bytes. */
export const jobDocument = JSON.stringify({
  operation: 'firmware-update',
  version: '2.4.1',
  image: { url: 'https://firmware.example.com/images/sensor/2.4.1.bin', sizeBytes: 262_144 },
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  selfTestSeconds: 30,
});

export interface Rollout {
  /** A new job that nobody has yet, once nothing of the last round is under way any more. @returns its id */
  begin(): Promise<string>;
  /** Executions for all things at once; settles when every one of them is pending. */
  queueAll(): Promise<void>;
  /** Executions for the next so many things, `window` in flight. @returns milliseconds from first notification to last SUCCEEDED */
  run(executions: number, window: number): Promise<number>;
}

export function createRollout(port: ServicePort, things: number): Rollout {
  let round = 0;
  let nextThing = 0;
  let flight: Flight | undefined;
  let onQueued: (() => void) | undefined;
  port.onEffect((effect) => {
    if (effect.kind !== 'notify') return;
    const pending = effect.inProgress.length + effect.queued.length;
    if (pending > 0) onQueued?.();
    else flight?.finished();
  });
  for (let index = 0; index < things; index += 1) {
    command(port, 'iot:CreateThing', { thingName: benchThingName(index) });
  }
  const joinNext = () => {
    const thingName = benchThingName(nextThing % things);
    nextThing += 1;
    command(port, 'iot:AddThingToThingGroup', { thingGroupName: groupOf(round), thingName });
  };

  return {
    async begin() {
      // A thing may be in ten groups at most, so the last round's group goes. That takes many slices of work.
      if (round > 0) await deleteGroup(port, groupOf(round));
      round += 1;
      const jobId = `bench-job-${String(round).padStart(3, '0')}`;
      command(port, 'iot:CreateThingGroup', { thingGroupName: groupOf(round) });
      command(port, 'iot:CreateJob', {
        jobId,
        targets: [formatThingGroupArn(benchIdentity, groupOf(round))],
        targetSelection: 'CONTINUOUS',
        document: jobDocument,
      });
      return jobId;
    },

    queueAll() {
      return new Promise((resolve) => {
        let queued = 0;
        onQueued = () => {
          queued += 1;
          if (queued === things) resolve();
        };
        for (let count = 0; count < things; count += 1) joinNext();
      });
    },

    run(executions, window) {
      flight = startFlight(executions, window, joinNext);
      return flight.landed;
    },
  };
}

/** All names of a kind are equally long, so that every packet of a kind is. */
function groupOf(round: number): string {
  return `bench-round-${String(round).padStart(3, '0')}`;
}

async function deleteGroup(port: ServicePort, thingGroupName: string): Promise<void> {
  command(port, 'iot:DeleteThingGroup', { thingGroupName });
  const isThere = () =>
    new Promise<boolean>((resolve) => {
      port.submit({ name: 'iot:DescribeThingGroup', request: { thingGroupName } }, ({ accepted }) => resolve(accepted));
    });
  while (await isThere()) await turn();
}

/** In a service without a store the answer comes in the same turn; a refusal is a mistake of the benchmark. */
function command<Name extends OperationName>(port: ServicePort, name: Name, request: RequestOf<Name>): void {
  port.submit({ name, request }, (reply) => {
    if (!reply.accepted) throw new Error(`${name}: ${reply.code}: ${reply.message}`);
  });
}
