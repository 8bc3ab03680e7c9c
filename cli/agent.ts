/** `--agent`, the same on every verb: the agent that runs on the simulated devices. Which there are is rig/live/agents.ts's business. */
import { Option } from 'commander';
import { referenceName } from '../rig/live/agents.ts';

export function agentOption(): Option {
  return new Option('--agent <name>', 'the agent on the devices: reference, or one with a bug (docs/zoo.md)').default(
    referenceName,
  );
}
