/**
 * The sweep: one scenario for every moment at which a job can be pulled away, crossed with everything else that may go wrong at
 * that moment. The moments are learnt from a run in which nothing goes wrong: each message, each step, each end of an operation
 * or a boot, and half-way between any two.
 */
import { noFaults } from '../../faults/plan.ts';
import type { Observation } from '../../observation/observation.ts';
import { observeEvery } from '../../observation/observers.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { CreateJobDeed, Deed, ImageCondition, JobDocument, Scenario, Trigger } from '../scenario/contract.ts';
import { oddDocuments } from '../scenario/odd-documents.ts';
import { type Moment, momentsAt, momentsOf } from '../scenario/moments.ts';
import { play } from './play.ts';
import type { Subjects } from './subjects.ts';

export interface SweepOptions {
  readonly subjects: Subjects;
  /** Name of a hardware profile. */
  readonly hardware: string;
  readonly document: JobDocument;
  /** Of a document that is none of the kinds. */
  readonly name?: string;
  /** How the image behind the document is. Default: good. */
  readonly image?: ImageCondition;
  /** Default: all of {@link crosses}. */
  readonly crosses?: readonly Cross[];
}

/** What the sweep pulls where nobody says otherwise: every kind of work, and images that end otherwise. */
export const sweptDocuments: readonly Pick<SweepOptions, 'document' | 'image'>[] = [
  { document: 'firmware' },
  { document: 'handlers' },
  { document: 'reboot' },
  { document: 'firmware', image: 'failing' },
  { document: 'firmware', image: 'corrupt' },
  { document: 'foreign' },
  { document: 'oversize' },
];

/** One run of the sweep. */
export interface SweepRun {
  readonly moment: Moment;
  readonly cross: Cross;
  readonly scenario: Scenario;
}

interface CrossRow {
  /** At the moment, in order. */
  readonly deeds: readonly Deed[];
  /** The job is for the whole group, so that joining it queues it anew. */
  readonly isContinuous?: true;
  /** Beside the creation of the job, so that it shows at the moment. */
  readonly before?: (atMs: DurationMs) => Deed;
}

const job = 'update';
const messageFaultMs: DurationMs = 3_000;
const deleteExecution: Deed = { do: 'delete-execution', job, force: true };
const canary: Deed = { do: 'create-job', job, document: 'firmware', edition: 2 };
const deleteJob: Deed = { do: 'delete-job', job, force: true };
const powerCut: Deed = { do: 'power', offForMs: 2_000 };

const rows = {
  nothing: { deeds: [deleteExecution] },
  'power cut': { deeds: [deleteExecution, powerCut] },
  'link lost': { deeds: [deleteExecution, { do: 'link', how: 'drop', forMs: 5_000 }] },
  'long partition': { deeds: [deleteExecution, { do: 'link', how: 'partition', forMs: 90_000 }] },
  'reply lost': { deeds: [message('lose', 'reply'), deleteExecution] },
  'notification lost': { deeds: [message('lose', 'notification'), deleteExecution] },
  'notification twice': { deeds: [message('duplicate', 'notification', 1_000), deleteExecution] },
  'notification late': { deeds: [message('delay', 'notification', 30_000), deleteExecution] },
  'clock jump': { deeds: [deleteExecution, { do: 'clock', of: 'device', jumpMs: 600_000 }] },
  'whole job deleted': { deeds: [deleteJob] },
  'job id reused at once': { deeds: [deleteJob, { do: 'create-job', job, document: 'handlers', edition: 1 }] },
  'same job again at once': { deeds: [deleteJob, { do: 'create-job', job, document: 'firmware', edition: 1 }] },
  'execution number reused': { deeds: [deleteExecution, { do: 'rejoin-group' }], isContinuous: true },
  'canceled by force': { deeds: [{ do: 'cancel-execution', job, force: true }] },
  'job canceled by force': { deeds: [{ do: 'cancel-job', job, force: true }] },
  'power cut alone': { deeds: [powerCut] },
  'false doubt': { deeds: [], before: staleNotification },
} as const satisfies Readonly<Record<string, CrossRow>>;

export type Cross = keyof typeof rows;
export const crosses = Object.keys(rows) as readonly Cross[];

function message(how: 'lose' | 'duplicate' | 'delay', direction: 'reply' | 'notification', byMs?: DurationMs): Deed {
  return { do: 'message', how, direction, forMs: messageFaultMs, ...(byMs !== undefined && { byMs }) };
}

/** What said that the job waits arrives again when the device has begun it: it asks, and goes on. */
function staleNotification(atMs: DurationMs): Deed {
  return { do: 'message', how: 'duplicate', direction: 'notification', byMs: Math.max(1, atMs), forMs: 500 };
}

/** Every moment, crossed with everything that `options` names. */
export function* sweepRuns(options: SweepOptions): Generator<SweepRun> {
  for (const cross of options.crosses ?? crosses) {
    for (const moment of pullMoments(options, cross)) {
      yield { moment, cross, scenario: scenarioOf(options, cross, moment) };
    }
  }
}

/** The moments from the job's creation to its end, in a run in which nothing goes wrong. */
export function pullMoments(options: SweepOptions, cross: Cross = 'nothing'): readonly Moment[] {
  const seen: Observation[] = [];
  const instants: number[] = [];
  let isOver = false;
  const note = (one: Observation): void => {
    const isFirst = seen.length === 0;
    if (isOver || (isFirst && one.kind !== 'execution')) return;
    if (one.kind !== 'moved') seen.push(one);
    instants.push(one.at);
    isOver = one.kind === 'traced' && one.trace.kind === 'finished';
  };
  const played = play(scenarioOf(options, cross), options.subjects, {
    observer: { ...observeEvery(note), moved: note },
  });
  const [wrong] = played.violations;
  if (wrong !== undefined) throw new Error(`nothing goes wrong and yet ${wrong.broke}: ${wrong.message}`);
  const startedAt = seen[0]?.at ?? 0;
  return momentsAt(
    momentsOf(seen),
    instants.map((at) => at - startedAt),
  );
}

/** Every odd document, each followed by a canary. */
export function* oddDocumentRuns({
  subjects,
  hardware = subjects.hardware,
}: {
  readonly subjects: Subjects;
  readonly hardware?: string;
}): Generator<Scenario> {
  for (const [index, document] of oddDocuments(1).entries()) {
    yield scenarioOf({ subjects, hardware, document, name: `odd document ${index + 1}` }, 'nothing');
  }
}

/** So that the device is idle and connected when the job comes. */
const jobAtMs: DurationMs = 10_000;
const canaryMs: DurationMs = 600_000;

/** @param moment absent: nothing goes wrong */
function scenarioOf(
  { hardware, document, name = String(document), image }: SweepOptions,
  cross: Cross,
  moment?: Moment,
): Scenario {
  const { deeds, isContinuous, before }: CrossRow = rows[cross];
  const created: CreateJobDeed = {
    do: 'create-job',
    job,
    document,
    edition: 1,
    ...(image && { image }),
    ...(isContinuous && { group: true }),
  };
  const settled: Trigger = { on: 'settled' };
  const label = moment?.label ?? 'never';
  return {
    id: `pull ${image ?? ''} ${name} ${cross} ${label}`.replaceAll(/[^a-zA-Z0-9]+/g, '-').toLowerCase(),
    version: 1,
    claim: `The job is pulled (${label}; with: ${cross}), and the device finishes the canary.`,
    about: 'V5',
    theme: 'sweep',
    catalog: [],
    needs: [],
    given: {
      things: [{ thing: 'thing-1', hardware }],
      document: 'firmware',
      namespaces: [],
      faults: noFaults,
      seed: 1,
    },
    script: [
      { when: { on: 'at', atMs: jobAtMs }, deeds: [...(before && moment ? [before(moment.atMs)] : []), created] },
      ...(moment === undefined || deeds.length === 0 ? [] : [{ when: moment.when, deeds }]),
      { when: settled, deeds: [{ do: 'end-faults' }, deleteJob, canary] },
      { when: settled, deeds: [{ do: 'power', offForMs: 1000 }] },
    ],
    meanwhile: [],
    expect: [{ job, status: ['SUCCEEDED'], withinMs: canaryMs, sideEffects: 'once', version: 'new' }],
    claims: 'all',
  };
}
