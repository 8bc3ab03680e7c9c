/** `--agent`, the same on every verb: the agent that runs on the simulated devices. Which there are is rig/live/agents.ts's business. */
import { Option } from 'commander';
import { shellWord } from '../rig/report/words.ts';
import { referenceName } from '../rig/live/agents.ts';

export function agentOption(): Option {
  return new Option('--agent <name>', 'the agent on the devices: reference, or one with a bug (docs/zoo.md)').default(
    referenceName,
  );
}

/** The flags, in a command that is to be typed again, by which the same agent runs on the same hardware. */
export function sameDevices({ agent, hardware }: { readonly agent: string; readonly hardware: string }): string {
  const ofAgent = agent === referenceName ? '' : ` --agent ${agent}`;
  return `${ofAgent}${hardware === 'mix' ? '' : ` --hardware ${shellWord(hardware)}`}`;
}
