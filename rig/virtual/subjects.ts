/**
 * What is simulated when nothing else is asked for: the real engine, and boards with the reference agent on the hardware that
 * the configuration names. Images come from an imaginary server that serves some of them broken (documents.ts).
 */
import type { AgentBehaviour } from '../../agent/core/behaviour.ts';
import type { Board } from '../../agent/board/contract.ts';
import { createBoard } from '../../agent/board/board.ts';
import type { ImageOrigin } from '../../agent/device/device.ts';
import type { HardwareProfile } from '../../agent/device/profile.ts';
import type { Engine } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { RunConfiguration, ThingConfiguration } from './configuration.ts';
import { imageCondition } from './documents.ts';
import { identity } from './operator.ts';

/** The service and the devices of a run: the real ones, or ones with a planted bug. */
export interface Subjects {
  readonly createEngine: () => Engine;
  readonly createBoard: (thing: ThingConfiguration, configuration: RunConfiguration) => Board;
}

/** @param hardware the profiles that configurations may name. @param agent absent: the reference agent. */
export function realSubjects(hardware: readonly HardwareProfile[], agent?: AgentBehaviour): Subjects {
  const profiles = new Map(hardware.map((profile) => [profile.name, profile]));
  return {
    createEngine: () => createEngine({ identity }),
    createBoard({ thingName, hardware: name }, { seed, namespaces }) {
      const profile = profiles.get(name);
      if (profile === undefined) throw new RangeError(`no hardware profile ${name}`);
      return createBoard({ thingName, seed, hardware: profile, namespaces, origin, ...(agent && { agent }) });
    },
  };
}

const origin: ImageOrigin = ({ url, sha256 }) => {
  switch (imageCondition(url)) {
    case 'missing':
      return undefined;
    case 'corrupt':
      return { digest: `not ${sha256}`, health: 'good' };
    case 'failing':
      return { digest: sha256, health: 'fails-self-test' };
    case 'good':
      return { digest: sha256, health: 'good' };
  }
};
