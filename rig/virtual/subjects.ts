/**
 * What is simulated when nothing else is asked for: the real engine, and boards with the reference agent on the hardware that
 * the scenario names.
 */
import type { AgentBehaviour } from '../../agent/core/behaviour.ts';
import type { Board } from '../../agent/board/contract.ts';
import { createBoard } from '../../agent/board/board.ts';
import type { ImageOrigin } from '../../agent/device/image.ts';
import { type HardwareProfile, freeForJobs } from '../../agent/device/profile.ts';
import type { Engine } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { Room } from '../scenario/document-law.ts';
import type { ThingConfiguration, WorldConfiguration } from './configuration.ts';
import { type Bounded, unbounded } from './bounds.ts';
import { identity } from './operator.ts';

/** The service and the devices of a run: the real ones, or ones with a planted bug. */
export interface Subjects {
  /** Of things whose scenario names none. */
  readonly hardware: string;
  /** What hardware of this name has room for; `undefined`: unknown, and how jobs must end is not judged. */
  readonly roomOf: (hardware: string) => Room | undefined;
  readonly createEngine: () => Engine;
  /** Within which everything is done. */
  readonly bounded: Bounded;
  readonly createBoard: (thing: ThingConfiguration, world: WorldConfiguration, origin: ImageOrigin) => Board;
}

/** Quick, and its radio neither sleeps nor sags. */
const usualHardware = 'esp32-s3';

/**
 * @param hardware the profiles that scenarios may name
 * @param agent absent: the reference agent
 * @param bounded absent: an agent that loops for ever hangs the run
 */
export function realSubjects(
  hardware: readonly HardwareProfile[],
  agent?: AgentBehaviour,
  bounded: Bounded = unbounded,
): Subjects {
  const profiles = new Map(hardware.map((profile) => [profile.name, profile]));
  const rooms = new Map(hardware.map((profile) => [profile.name, roomIn(profile)]));
  return {
    hardware: profiles.has(usualHardware) ? usualHardware : (hardware[0]?.name ?? usualHardware),
    roomOf: (name) => rooms.get(name),
    createEngine: () => createEngine({ identity }),
    bounded,
    createBoard({ thingName, hardware: name }, { seed, namespaces }, origin) {
      const profile = profiles.get(name);
      if (profile === undefined) throw new RangeError(`no hardware profile ${name}`);
      return createBoard({ thingName, seed, hardware: profile, namespaces, origin, ...(agent && { agent }) });
    },
  };
}

/** What hardware of this profile has room for. */
export function roomIn(profile: HardwareProfile): Room {
  const { flash, ram } = profile;
  return {
    slotBytes: flash.slotBytes,
    messageBytes: ram.mqttBufferBytes,
    freeBytes: freeForJobs(profile),
    downloadBytes: ram.tlsBytes + ram.segmentBytes,
  };
}
