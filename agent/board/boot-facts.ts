/** What the agent is told of its hardware when it boots. */
import type { BootFacts, Checkpoint } from '../core/contract.ts';
import type { AgentBehaviour } from '../core/behaviour.ts';
import type { BootOutcome } from '../device/boot-loader.ts';
import type { Device } from '../device/device.ts';
import { type HardwareProfile, freeForJobs } from '../device/profile.ts';

export function bootFacts(
  { loader, record, boots, crashesInRow }: Device<Checkpoint>,
  { running, isConfirmed }: BootOutcome,
  hardware: HardwareProfile,
  { streamFormat }: AgentBehaviour,
): BootFacts {
  const { flash, ram } = hardware;
  return {
    boots,
    crashes: crashesInRow,
    running: { version: running.version, confirmed: isConfirmed },
    failedVersion: loader.failedVersion,
    checkpoint: record.read(),
    capacity: {
      slotBytes: flash.slotBytes,
      segmentBytes: ram.segmentBytes,
      freeBytes: freeForJobs(hardware),
      tlsBytes: ram.tlsBytes,
      messageBytes: ram.mqttBufferBytes,
      streamFormat,
    },
  };
}
