/**
 * The parts of docs/recovery.md that the code writes: between `<!-- begin NAME -->` and `<!-- end NAME -->` stands what the
 * agent's own tables say. Everything else on the page is written by people and left alone.
 */
import { referenceAgent } from '../../../agent/core/behaviour.ts';
import { type Step, steps } from '../../../observation/execution.ts';
import { type Interruption, type Recovery, interruptions, recoveryTable } from '../../../agent/core/recovery.ts';
import { rejections } from '../../../protocol/rejections.ts';
import { play } from '../../../rig/virtual/play.ts';
import { deviceClaims } from '../../../rig/virtual/violation.ts';
import { virtualScenarios } from '../../support/scenarios.ts';
import { subjectsWith } from '../../support/simulated.ts';
import { bootTable } from './boot-table.ts';
import { type WrittenParts, writtenPage } from '../../support/written-page.ts';

/** Steps that meet every interruption alike. */
interface Group {
  readonly steps: readonly Step[];
  readonly cells: readonly (readonly [readonly Interruption[], Recovery])[];
}

export function recoveryPage(text: string): Promise<string> {
  return writtenPage('docs/recovery.md', text, parts);
}

const parts: WrittenParts = {
  claims: () => Object.entries(deviceClaims).map(([claim, words]) => `- **${claim}** ${words}`),
  journeys: () =>
    (
      ['plain-update', 'link-lost-in-a-handler', 'reboot-job', 'failing-image', 'power-cut-in-the-transfer'] as const
    ).map((id) => `- \`${id}\`: ${journey(id).join(' → ')}`),
  diagram: () => ['```mermaid', 'stateDiagram-v2', ...diagram(), '```'],
  'recovery table': () => groups().flatMap(table),
  'boot table': bootTable,
  rejections: () => [
    '| Code | What it says | What the agent does |',
    '| --- | --- | --- |',
    ...[...new Set(Object.values(rejections).map(({ mqtt }) => mqtt))].map((code) => {
      const meaning = referenceAgent.meaningOf(code);
      return `| \`${code}\` | ${meaning} | ${doings[meaning]} |`;
    }),
  ],
  patience: () => [
    '| For | Time |',
    '| --- | --- |',
    ...Object.entries(referenceAgent.patience).map(([name, ms]) => `| ${waits[name] ?? name} | ${ms / 1000} s |`),
    '',
    `Pauses after 1, 2, 3, … failures in a row, each half of it chance: up to ${[1, 2, 3, 4, 5, 6, 7, 8, 9]
      .map((failures) => `${Math.round(referenceAgent.pauseMs(failures, 1) / 1000)} s`)
      .join(', ')}.`,
    '',
    `Progress is only news: it is sent at most ${referenceAgent.tries.progress} times. A report is sent until it is answered.`,
  ],
};

const doings: Readonly<Record<ReturnType<typeof referenceAgent.meaningOf>, string>> = {
  gone: 'the execution is over: undo what the table says, ask for the next one',
  stale: 'ask about the execution and take its version from the answer',
  refused: 'the request is wrong and is not repeated as it is',
  retry: 'the same request again after a growing pause',
};

const waits: Readonly<Record<string, string>> = {
  replyMs: 'the answer to one request',
  connectMs: 'a connection, and for its subscriptions',
  selfTestMs: 'a new image to pass its self-test, an answer of the service included',
  hintMs: 'a better notification, after a list changed',
  pollMs: 'the next question of an idle device, in case a notification was missed',
};

function groups(): readonly Group[] {
  const byRow = new Map<string, Step[]>();
  for (const step of steps) {
    const key = JSON.stringify(recoveryTable[step]);
    byRow.set(key, [...(byRow.get(key) ?? []), step]);
  }
  return [...byRow.values()].map((same) => ({ steps: same, cells: cellsOf(same[0]!) }));
}

function cellsOf(step: Step): Group['cells'] {
  const byCell = new Map<string, Interruption[]>();
  for (const interruption of interruptions) {
    const key = JSON.stringify(recoveryTable[step][interruption]);
    byCell.set(key, [...(byCell.get(key) ?? []), interruption]);
  }
  return [...byCell.values()].map((same) => [same, recoveryTable[step][same[0]!]]);
}

function table({ steps: named, cells }: Group): readonly string[] {
  return [
    `### ${named.join(', ')}`,
    '',
    '| What happens | Undo, in this order | Keep | Then |',
    '| --- | --- | --- | --- |',
    ...cells.map(
      ([same, { undo, keep, next }]) => `| ${same.join(', ')} | ${undo.join(', ')} | ${keep.join(', ')} | ${next} |`,
    ),
    '',
  ];
}

function nodeOf({ steps: named }: Group): string {
  return named.join('_').replaceAll('-', '');
}

function diagram(): readonly string[] {
  const all = groups();
  const nodes = all.map((group) => `  ${nodeOf(group)}: ${group.steps.join(', ')}`);
  const forward = all.map(
    (group, index) => `  ${nodeOf(group)} --> ${all[index + 1] ? nodeOf(all[index + 1]!) : 'idle'}`,
  );
  const report = nodeOf(all.at(-1)!);
  const targets: Readonly<Record<Recovery['next'], (group: Group) => string>> = {
    'next-job': () => 'idle',
    resume: nodeOf,
    'report-failed': () => report,
    finish: nodeOf,
    'roll-back': () => report,
  };
  const mishaps = all.flatMap((group) =>
    group.cells.map(
      ([same, { next }]) =>
        `  ${nodeOf(group)} --> ${targets[next](group)}: ${next} (${same.length > 4 ? `${same.length} failures` : same.join(', ')})`,
    ),
  );
  return [...nodes, `  idle --> ${nodeOf(all[0]!)}: IN_PROGRESS accepted`, ...forward, ...mishaps];
}

/** The steps that the reference agent takes in a scenario, boots included. */
function journey(id: string): readonly string[] {
  const told = virtualScenarios.find((scenario) => scenario.id === id)!;
  const seen: string[] = [];
  let isOver = false;
  play(told, subjectsWith(), {
    observer: {
      traced({ trace }) {
        if (isOver) return;
        if (trace.kind === 'step') seen.push(trace.step);
        if (trace.kind === 'boot' && trace.boots > 1) seen.push(`boot into ${trace.version}`);
        if (trace.kind === 'finished') {
          isOver = true;
          seen.push(trace.status);
        }
      },
    },
  });
  return seen;
}
