/**
 * What the reference agent does at boot, found out by booting it: every checkpoint it writes, with every image that may run
 * then. The hardware says to each of its wishes that it is done.
 */
import { createAgent } from '../../../agent/core/agent.ts';
import { referenceAgent } from '../../../agent/core/behaviour.ts';
import type { AgentInput, AgentOutcome, BootFacts, Checkpoint } from '../../../agent/core/contract.ts';
import type { Step } from '../../../observation/execution.ts';
import type { Plan } from '../../../agent/core/plan.ts';

const oldVersion = '1.0.0';
const newVersion = '2.0.0';
const megabyte = 1_048_576;
const capacity = {
  slotBytes: megabyte,
  segmentBytes: 4096,
  freeBytes: megabyte,
  tlsBytes: 4096,
  messageBytes: 4096,
  streamFormat: 'cbor' as const,
};
const execution = { jobId: 'job', executionNumber: 1, queuedAt: 1 };

const plans: Readonly<Record<string, Plan>> = {
  firmware: {
    kind: 'firmware',
    version: newVersion,
    image: { url: 'https://files.example/image', sizeBytes: 4 * 4096, sha256: 'a'.repeat(64) },
  },
  handlers: { kind: 'handlers', runs: [{ name: 'one', program: 'one.sh', durationMs: 1, mayFail: false }] },
  reboot: { kind: 'reboot' },
};

/** What checkpoints are written, of which kinds of job. */
const written: readonly (readonly [says: string, step: Step, kinds: readonly string[]])[] = [
  ['receive', 'receive', Object.keys(plans)],
  ['write', 'write', ['firmware']],
  ['activate, firmware', 'activate', ['firmware']],
  ['activate, a handler', 'activate', ['handlers']],
  ['activate, a reboot', 'activate', ['reboot']],
  ['a report', 'report', Object.keys(plans)],
];

const images: readonly (readonly [words: string, facts: Pick<BootFacts, 'running' | 'failedVersion'>])[] = [
  ['the old one', { running: { version: oldVersion, confirmed: true } }],
  [
    'the old one, the new one given up',
    { running: { version: oldVersion, confirmed: true }, failedVersion: newVersion },
  ],
  ['the new one, confirmed', { running: { version: newVersion, confirmed: true } }],
  ['the new one, not confirmed', { running: { version: newVersion, confirmed: false } }],
];

export function bootTable(): readonly string[] {
  const found = [
    ['nothing', doings(undefined)] as const,
    ...written.flatMap(([says, step, kinds]) => kinds.map((kind) => [says, doings(checkpoint(kind, step))] as const)),
  ];
  const alike = grouped(found.map(([says, does]) => [does.join('|'), says] as const));
  const rows = [...alike].flatMap(([does, says]) => rowsOf([...new Set(says)].join('; '), does.split('|')));
  return ['| The checkpoint says | The image that runs | So |', '| --- | --- | --- |', ...rows];
}

/** What an agent does that finds this, by image; last what it does with most of them. */
function rowsOf(says: string, does: readonly string[]): readonly string[] {
  const byDoing = [...grouped(does.map((so, index) => [so, images[index]![0]] as const))];
  return byDoing
    .toSorted(([, few], [, many]) => few.length - many.length)
    .map(([so, running]) => {
      const which = running.length === images.length ? 'any' : running.length > 1 ? 'any other' : running.join();
      return `| ${says} | ${which} | ${so} |`;
    });
}

function grouped(pairs: readonly (readonly [key: string, value: string])[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}

function checkpoint(kind: string, step: Step): Checkpoint {
  const plan = plans[kind]!;
  return {
    execution,
    versionNumber: 2,
    step,
    plan,
    writtenBytes: 0,
    ...(kind === 'handlers' && step === 'activate' && { handler: 0 }),
    ...(step === 'report' && { report: { status: 'SUCCEEDED', details: {} } }),
  };
}

function doings(kept: Checkpoint | undefined): readonly string[] {
  return images.map(([, facts]) =>
    doing({ boots: 2, crashes: 0, capacity, ...facts, ...(kept && { checkpoint: kept }) }),
  );
}

/** Boots an agent with these facts and follows it until it is clear what it is about. */
function doing(boot: BootFacts): string {
  const agent = createAgent({ thingName: 'thing-1', seed: 1, namespaces: [], behaviour: referenceAgent, boot });
  let input: AgentInput = { kind: 'booted' };
  for (;;) {
    const outcome = agent.apply(input, 1);
    const conclusion = conclusionOf(outcome);
    if (conclusion !== undefined) return conclusion;
    const work = agent.work();
    if (work === undefined) return 'connect, and ask for the next job';
    const asked = outcome.changes.length > 0 || outcome.effects.some(({ kind }) => kind === 'operate');
    if (!asked) return work.step === 'report' ? 'send the report' : 'resume';
    input = outcome.changes.length > 0 ? { kind: 'kept' } : { kind: 'done' };
  }
}

function conclusionOf({ changes, effects }: AgentOutcome): string | undefined {
  const report = changes[0]?.checkpoint?.report;
  if (report !== undefined) return `report ${report.status}`;
  for (const effect of effects) {
    if (effect.kind !== 'operate') continue;
    if (effect.operation.kind === 'reset') return 'reset: the boot loader returns to the old one';
    if (effect.operation.kind === 'self-test') return 'self-test, an answer of the service included';
  }
  return undefined;
}
