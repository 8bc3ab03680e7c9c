/**
 * The agents that simulated devices may run, by name: the reference agent and those of the zoo. A name that is not known is answered
 * with those that look like it.
 */
import { type AgentBehaviour, referenceAgent } from '../../agent/core/behaviour.ts';
import { zoo } from '../../agent/zoo/zoo.ts';
import { OperationalError } from '../../protocol/operational-error.ts';

export const referenceName = 'reference';

const agents: ReadonlyMap<string, AgentBehaviour> = new Map([[referenceName, referenceAgent], ...Object.entries(zoo)]);
const mostShown = 5;

/** @throws {OperationalError} `AGENT_UNKNOWN`, with names that are near */
export function readAgent(name: string): AgentBehaviour {
  const agent = agents.get(name);
  if (agent !== undefined) return agent;
  throw new OperationalError('AGENT_UNKNOWN', `--agent ${name}: there is no such agent`, {
    hint: `Near it are ${namesNear(name).join(', ')}; docs/zoo.md lists them all.`,
  });
}

/** Those that share most of their pairs of letters with the name. */
function namesNear(name: string): readonly string[] {
  const wanted = pairsOf(name);
  const likeness = (known: string): number => {
    const pairs = pairsOf(known);
    const shared = [...pairs].filter((pair) => wanted.has(pair)).length;
    return (2 * shared) / (wanted.size + pairs.size);
  };
  return [...agents.keys()]
    .map((known) => ({ known, likeness: likeness(known) }))
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, mostShown)
    .map(({ known }) => known);
}

function pairsOf(text: string): ReadonlySet<string> {
  const bounded = ` ${text.toLowerCase()} `;
  return new Set(Array.from({ length: bounded.length - 1 }, (_, index) => bounded.slice(index, index + 2)));
}
