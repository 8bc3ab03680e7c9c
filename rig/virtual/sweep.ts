/**
 * The sweep: one run for every instant at which a job can be pulled away, crossed with everything else that may go wrong at
 * that instant. The instants are learnt from a run in which nothing goes wrong: after each of its events (a message sent,
 * served or received, the end of a flash operation or a boot) and between any two. What surviving means is run.ts's matter.
 */
import type { BoardInput } from '../../agent/board/contract.ts';
import type { InstantFault } from '../../faults/thing-faults.ts';
import type { FaultPlan, Fault } from '../../faults/plan.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { CreateJobDeed, Deed, RunConfiguration } from './configuration.ts';
import type { DocumentKind } from './documents.ts';
import { runSimulation } from './run.ts';
import type { Subjects } from './subjects.ts';
import type { Claim, Violation } from './violation.ts';
import type { World } from './world.ts';

/** An instant of the recorded run. */
export interface PullPoint {
  /** After so many events … */
  readonly afterEvents: number;
  /** … or half-way from there to the next one. */
  readonly between: boolean;
  readonly atMs: DurationMs;
  /** In words: what the device was in, and what had just happened. */
  readonly label: string;
}

export interface SweepOptions {
  readonly subjects: Subjects;
  /** Name of a hardware profile. */
  readonly hardware: string;
  readonly document: DocumentKind;
  /** Default: all of {@link crosses}. */
  readonly crosses?: readonly Cross[];
}

export interface SweepFailure {
  readonly point: string;
  readonly cross: Cross;
  readonly broke: readonly Claim[];
  readonly message: string;
}

export interface SweepResult {
  readonly points: number;
  readonly runs: number;
  readonly survived: number;
  readonly failures: readonly SweepFailure[];
}

/** What happens at the pull point. */
interface CrossRow {
  readonly deeds: readonly Deed[];
  /** Injected into the device at the same instant. */
  readonly fault?: InstantFault;
  /** Injected into messages from that instant on, for a while. */
  readonly messages?: Pick<Extract<Fault, { kind: 'message' }>, 'direction' | 'effect' | 'lateMs'>;
  /** The job is for the whole group, so that joining it queues it anew. */
  readonly isContinuous?: true;
}

const thingName = 'thing-1';
const jobId = 'job-1';
const messageWindowMs: DurationMs = 3_000;
const deleteExecution: Deed = { kind: 'delete-execution', jobId, thingName };
const deleteJob: Deed = { kind: 'delete-job', jobId };

function createJob(document: DocumentKind): CreateJobDeed {
  return { kind: 'create-job', jobId, document, ordinal: 1 };
}

const rows = {
  nothing: { deeds: [deleteExecution] },
  'power cut': { deeds: [deleteExecution], fault: { kind: 'power-cut', forMs: 2_000 } },
  'link lost': { deeds: [deleteExecution], fault: { kind: 'link-lost', forMs: 5_000 } },
  'long partition': { deeds: [deleteExecution], fault: { kind: 'partition', forMs: 90_000 } },
  'reply lost': { deeds: [deleteExecution], messages: { direction: 'reply', effect: 'lost', lateMs: 0 } },
  'notification lost': { deeds: [deleteExecution], messages: { direction: 'notification', effect: 'lost', lateMs: 0 } },
  'notification twice': {
    deeds: [deleteExecution],
    messages: { direction: 'notification', effect: 'duplicate', lateMs: 1_000 },
  },
  'notification late': {
    deeds: [deleteExecution],
    messages: { direction: 'notification', effect: 'late', lateMs: 30_000 },
  },
  'clock jump': { deeds: [deleteExecution], fault: { kind: 'clock-jump', byMs: 600_000 } },
  'whole job deleted': { deeds: [deleteJob] },
  'job id reused at once': { deeds: [deleteJob, createJob('handlers')] },
  'same job again at once': { deeds: [deleteJob, createJob('firmware')] },
  'execution number reused': { deeds: [deleteExecution, { kind: 'rejoin', thingName }], isContinuous: true },
  'canceled by force': { deeds: [{ kind: 'cancel-execution', jobId, thingName, force: true }] },
  'job canceled by force': { deeds: [{ kind: 'cancel-job', jobId, force: true }] },
  'power cut alone': { deeds: [], fault: { kind: 'power-cut', forMs: 2_000 } },
} as const satisfies Readonly<Record<string, CrossRow>>;

export type Cross = keyof typeof rows;
export const crosses = Object.keys(rows) as readonly Cross[];

/** Every pull point, crossed with everything that `options` names. */
export function sweep(options: SweepOptions): SweepResult {
  const failures: SweepFailure[] = [];
  let points = 0;
  let runs = 0;
  for (const cross of options.crosses ?? crosses) {
    const found = pullPoints(options, cross);
    points = Math.max(points, found.length);
    for (const point of found) {
      runs += 1;
      const violations = pullAt(options, cross, point);
      if (violations.length > 0) failures.push(failure(cross, point, violations));
    }
  }
  return { points, runs, survived: runs - failures.length, failures };
}

/** The instants from the job's creation to its end, in a run in which nothing goes wrong. */
export function pullPoints({ subjects, hardware, document }: SweepOptions, cross: Cross = 'nothing'): PullPoint[] {
  const configuration = configurationOf(hardware, document, rows[cross]);
  const points: PullPoint[] = [];
  let step = 'idle';
  let happened = 'start';
  let isOver = false;
  const result = runSimulation(configuration, subjects, {
    observer: {
      sent: (_, { operation }) => void (happened = `${operation} sent`),
      applied: ({ name }) => void (happened = `${name} applied`),
      moved: (_, input) => void (happened = wordFor(input)),
      traced: (_, trace) => {
        if (trace.kind === 'step') ({ step } = trace);
        isOver ||= trace.kind === 'finished';
      },
    },
    afterEvent({ events, world }) {
      if (isOver || world.elapsedMs < jobAtMs) return;
      const { now } = world.queue;
      const gapMs = (world.queue.nextAt() ?? now) - now;
      const label = `${step}: after ${happened}`;
      points.push({ afterEvents: events, between: false, atMs: world.elapsedMs, label });
      if (gapMs < 2) return;
      const atMs = world.elapsedMs + Math.floor(gapMs / 2);
      points.push({ afterEvents: events, between: true, atMs, label: `${step}: some time after ${happened}` });
    },
  });
  const [wrong] = result.violations;
  if (wrong !== undefined) throw new Error(`nothing goes wrong and yet ${wrong.broke}: ${wrong.message}`);
  return points;
}

/** Replays the run up to the point, and pulls. */
function pullAt(options: SweepOptions, cross: Cross, point: PullPoint): readonly Violation[] {
  const row: CrossRow = rows[cross];
  const configuration = configurationOf(options.hardware, options.document, row, point);
  const act = (world: World): void => {
    for (const deed of row.deeds) world.operator.perform(deed);
    if (row.fault !== undefined) world.devices[0]?.inject(row.fault);
  };
  return runSimulation(configuration, options.subjects, {
    afterEvent({ events, world }) {
      if (events !== point.afterEvents) return;
      if (point.between) world.queue.schedule(world.startedAt + point.atMs, () => act(world));
      else act(world);
    },
  }).violations;
}

/** So that the device is idle and connected when the job comes. */
const jobAtMs: DurationMs = 10_000;
const safetyMs: DurationMs = 240_000;

function configurationOf(
  hardware: string,
  document: DocumentKind,
  { messages, isContinuous }: CrossRow,
  point?: PullPoint,
): RunConfiguration {
  const { kind, jobId: id, ordinal } = createJob(document);
  const deed = { kind, jobId: id, document, ordinal, ...(isContinuous !== true && { things: [thingName] }) };
  return {
    seed: 1,
    things: [{ thingName, hardware }],
    namespaces: [],
    link: { latencyMs: 30, jitterMs: 0 },
    faults: messages === undefined || point === undefined ? noFaults : messageFaults(messages, point.atMs),
    operator: [{ when: { atMs: jobAtMs }, deed }],
    safetyMs,
    wire: 'objects',
  };
}

const noFaults: FaultPlan = { faults: [] };

function messageFaults(messages: NonNullable<CrossRow['messages']>, atMs: DurationMs): FaultPlan {
  const window = { fromMs: atMs, untilMs: atMs + messageWindowMs };
  return {
    faults: [{ kind: 'message', things: '*', perMillion: 1_000_000, ...window, ...messages }],
  };
}

function wordFor(input: BoardInput): string {
  if (input.kind !== 'message') return input.kind;
  const { message } = input;
  return message.kind === 'reply' ? `${message.operation} ${message.outcome}` : message.name;
}

function failure(cross: Cross, { label }: PullPoint, violations: readonly Violation[]): SweepFailure {
  const [first] = violations;
  return { point: label, cross, broke: violations.map(({ broke }) => broke), message: first?.message ?? '' };
}
