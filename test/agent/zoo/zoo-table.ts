/** What every agent of the zoo breaks in every scenario, played once, for the tests and for docs/zoo.md. */
import { type ZooAgent, catalogueNumber, zoo } from './zoo-agents.ts';
import type { Scenario } from '../../../rig/scenario/contract.ts';
import { play } from '../../../rig/virtual/play.ts';
import { type Claim, deviceClaims } from '../../../rig/virtual/violation.ts';
import { virtualScenarios } from '../../support/scenarios.ts';
import { subjectsWith } from '../../support/simulated.ts';
import { formatted } from '../../support/markdown.ts';
import { secondActOnly } from './second-act-only.ts';
import { withoutAgent } from './without-agent.ts';

export interface Row {
  readonly agent: ZooAgent;
  /** By scenario, where it broke anything. */
  readonly broke: ReadonlyMap<string, readonly Claim[]>;
}

export function zooTable(): readonly Row[] {
  return zoo.map((agent) => {
    const subjects = subjectsWith(agent.behaviour);
    const played = virtualScenarios.map(
      // What breaks first: the rest follows from it.
      (scenario) =>
        [
          scenario.id,
          play(scenario, subjects)
            .violations.slice(0, 1)
            .map(({ broke }) => broke),
        ] as const,
    );
    return { agent, broke: new Map(played.filter(([, broke]) => broke.length > 0)) };
  });
}

export function zooPage(table: readonly Row[]): Promise<string> {
  const lines = [
    '# The zoo',
    '',
    'Agents with one bug each, every one the reference agent with one decision made wrongly. They prove that the verdict',
    'sees: the reference agent breaks nothing in any scenario, each of these breaks what it should. Written by',
    '`test/agent/zoo/zoo.test.ts` (`vitest -u`); the catalogue is in [recovery.md](recovery.md).',
    '',
    'Try one: `npx jobrig simulate --agent r02-keeps-its-checkpoint`.',
    '',
    '## Agents',
    '',
    'The claim in the fourth column is what breaks first in the scenario that is about the bug.',
    '',
    '| Agent | Catalogue | What it does wrong | Breaks | In the scenario | Caught in |',
    '| --- | --- | --- | --- | --- | --- |',
    ...table.map(agentRow),
    '',
    '## Why',
    '',
    'Which claims each bug breaks follows from the bug:',
    '',
    ...table.map(({ agent }) => `- \`${agent.id}\`: ${whyOf(agent)}`),
    '',
    '## Scenarios',
    '',
    'One device, one fault, then a canary job. The second column says what happens and what a right device makes of it.',
    '',
    '| Scenario | Claim | Agents that fail it |',
    '| --- | --- | --- |',
    ...virtualScenarios.map((scenario) => scenarioRow(scenario, table)),
    '',
    '## Every agent in every scenario',
    '',
    'What each breaks, by scenario; in all others it breaks nothing.',
    '',
    ...table.map(({ agent, broke }) => `- \`${agent.id}\`: ${cells(broke)}`),
    '',
    '## Under `demo`',
    '',
    '`npx jobrig demo --agent ID` fails with each of these, for a claim of its bug. Most show it in the first act, on sockets. That',
    'act only deletes jobs, at every step, and cuts the power between two jobs and once in a write; what takes more than that shows in the',
    'second act, in virtual time. `JOBRIG_ZOO=1 npx vitest run test/rig/live/zoo-live.test.ts` holds all of this, in a quarter of an hour:',
    '',
    '| Agent | Not in the first act, since |',
    '| --- | --- |',
    ...Object.entries(secondActOnly).map(([id, why]) => `| \`${id}\` | ${why} |`),
    '',
    '## Bugs without an agent',
    '',
    'What is simulated has no place for them, or no claim is about them.',
    '',
    '| Catalogue | Why |',
    '| --- | --- |',
    ...Object.entries(withoutAgent).map(([number, why]) => `| ${number} | ${why} |`),
    '',
    '## Claims',
    '',
    ...Object.entries(deviceClaims).map(([claim, words]) => `- ${claim} ${words}`),
  ];
  return formatted(lines);
}

function agentRow({ agent, broke }: Row): string {
  const { id, bug, scenario } = agent;
  const caughtIn = `${broke.size} of ${virtualScenarios.length}`;
  return `| \`${id}\` | ${catalogueNumber(agent)} | ${bug} | ${broke.get(scenario)?.join(', ') ?? ''} | \`${scenario}\` | ${caughtIn} |`;
}

function scenarioRow({ id, claim }: Scenario, table: readonly Row[]): string {
  return `| \`${id}\` | ${claim} | ${table.filter(({ broke }) => broke.has(id)).length} |`;
}

function whyOf({ breaks }: ZooAgent): string {
  return Object.entries(breaks)
    .map(([claim, why]) => `**${claim}** ${why}`)
    .join('; ');
}

function cells(broke: Row['broke']): string {
  const byClaims = new Map<string, string[]>();
  for (const [scenario, found] of broke) {
    const key = found.join(', ');
    byClaims.set(key, [...(byClaims.get(key) ?? []), scenario]);
  }
  return [...byClaims].map(([found, scenarios]) => `**${found}** in ${scenarios.join(', ')}`).join('; ');
}
