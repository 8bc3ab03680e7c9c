/**
 * Swarm configuration: a seed draws its own bad day. Each run has its own subset of faults at its own rates, its own
 * fleet, jobs and operator, so that rare combinations come up without anyone having thought of them. Draws only; plays nothing.
 */
import { steps } from '../../observation/execution.ts';
import { million, seededChance, type Chance } from '../../faults/chance.ts';
import { directions, messageEffects, serviceAnswers, type FaultPlan, type Fault } from '../../faults/plan.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type {
  CreateJobDeed,
  Deed,
  Moment,
  OperatorAction,
  RunConfiguration,
  ThingConfiguration,
} from './configuration.ts';
import type { DocumentKind } from './documents.ts';

export interface SwarmOptions {
  /** Names of the hardware profiles to draw from. */
  readonly hardware: readonly string[];
  /** Absent: drawn. */
  readonly things?: number;
}

const minuteMs: DurationMs = 60_000;
const maxThings = 4;
const maxJobs = 4;
const maxDeedsAgainstJob = 3;

/** Firmware is what there is most to go wrong with. */
const documentsByWeight: readonly DocumentKind[] = [
  ...Array.from({ length: 10 }, (): DocumentKind => 'firmware'),
  ...Array.from({ length: 4 }, (): DocumentKind => 'handlers'),
  ...Array.from({ length: 2 }, (): DocumentKind => 'reboot'),
  'missing-firmware',
  'corrupt-firmware',
  'failing-firmware',
  'foreign',
  'unicode',
  'unclean',
  'oversize',
];

export function drawConfiguration(seed: number, options: SwarmOptions): RunConfiguration {
  const chance = seededChance(seed).fork('configuration');
  const safetyMs = chance.between(1, 12) * minuteMs;
  const things = withSessions(drawThings(options, chance.fork('things')), chance.fork('sessions'));
  const namespaces = chance.happens(300_000) ? ['line-7'] : [];
  const latencyMs = chance.pick([2, 20, 80, 400, 1500]);
  const jitterMs = chance.pick([0, latencyMs, 3 * latencyMs]);
  const operator = drawOperator(things, namespaces, safetyMs, chance.fork('operator'));
  // Who waits for a step must see it when it comes.
  const isFollowed = operator.some(({ when }) => 'step' in when) || chance.happens(300_000);
  return {
    seed,
    things,
    namespaces,
    link: { latencyMs, jitterMs },
    faults: drawFaults(safetyMs, chance.fork('faults')),
    operator,
    safetyMs,
    wire: 'objects',
    grain: isFollowed ? 'operation' : 'sign',
  };
}

function drawThings({ hardware, things }: SwarmOptions, chance: Chance): readonly ThingConfiguration[] {
  const count = things ?? chance.between(1, maxThings);
  return Array.from({ length: count }, (_, index) => ({
    thingName: `thing-${index + 1}`,
    hardware: chance.pick(hardware),
  }));
}

/** In one run of four, half of the devices ask for persistent sessions. */
function withSessions(things: readonly ThingConfiguration[], chance: Chance): readonly ThingConfiguration[] {
  if (!chance.happens(250_000)) return things;
  return things.map((thing) => (chance.happens(500_000) ? { ...thing, session: 'persistent' } : thing));
}

/** About half of all kinds of fault, each from rare to frequent; one run in eight has none. */
function drawFaults(safetyMs: DurationMs, chance: Chance): FaultPlan {
  if (chance.happens(125_000)) return { faults: [] };
  const faults: Fault[] = [];
  const maybe = (draw: () => Fault): void => {
    if (chance.happens(500_000)) faults.push(draw());
  };
  const span = { fromMs: 0, untilMs: safetyMs };
  const times = (): number => chance.pick([1, 1, 2, 5]);
  const all = { ...span, things: '*' };
  maybe(() => ({ ...all, kind: 'link-lost', times: times(), forMs: chance.pick([0, 3_000, 45_000]) }));
  maybe(() => ({ ...all, kind: 'partition', times: times(), forMs: chance.pick([1_000, 20_000, 200_000]) }));
  maybe(() => ({ ...all, kind: 'power-cut', times: times(), forMs: chance.pick([0, 2_000, 60_000]) }));
  maybe(() => ({ ...all, kind: 'clock-jump', times: 1, byMs: chance.pick([500, 30_000, 86_400_000]) }));
  maybe(() => ({ ...span, kind: 'service-clock-jump', times: 1, byMs: chance.pick([1_500, 90_000]) }));
  for (const direction of directions) {
    for (const effect of messageEffects) {
      const lateMs = chance.pick([50, 2_000, 40_000]);
      maybe(() => ({ ...drawWindow(safetyMs, chance), kind: 'message', things: '*', direction, effect, lateMs }));
    }
  }
  for (const answer of serviceAnswers) {
    const lateMs = chance.pick([500, 15_000]);
    maybe(() => ({ ...drawWindow(safetyMs, chance), kind: 'service', things: '*', answer, lateMs }));
  }
  maybe(() => ({
    ...all,
    kind: 'weak-battery',
    times: times(),
    forMs: chance.pick([20_000, 120_000, 300_000]),
    byMv: chance.pick([350, 500, 800]),
  }));
  return { faults };
}

/** Now and then all the time, or always for a while. */
function drawWindow(
  safetyMs: DurationMs,
  chance: Chance,
): { fromMs: DurationMs; untilMs: DurationMs; perMillion: number } {
  if (chance.happens(700_000)) {
    return { fromMs: 0, untilMs: safetyMs, perMillion: chance.pick([5_000, 30_000, 100_000, 300_000]) };
  }
  const fromMs = chance.between(0, safetyMs);
  const untilMs = Math.min(safetyMs, fromMs + chance.pick([2_000, 20_000, 120_000]));
  return { fromMs, untilMs, perMillion: million };
}

function drawOperator(
  things: readonly ThingConfiguration[],
  namespaces: readonly string[],
  safetyMs: DurationMs,
  chance: Chance,
): readonly OperatorAction[] {
  const jobs = Array.from({ length: chance.between(1, maxJobs) }, (_, index) =>
    drawJob(index, things, namespaces, chance.fork(`job ${index}`)),
  );
  return jobs.flatMap((job, index) => {
    const own = chance.fork(`deeds against job ${index}`);
    const atMs = own.between(0, safetyMs >> 1);
    return [{ when: { atMs }, deed: job }, ...drawDeedsAgainst(job, things, atMs, safetyMs, own)];
  });
}

function drawJob(
  index: number,
  things: readonly ThingConfiguration[],
  namespaces: readonly string[],
  chance: Chance,
): CreateJobDeed {
  const targets = things.map(({ thingName }) => thingName).filter(() => chance.happens(800_000));
  return {
    kind: 'create-job',
    jobId: `job-${index + 1}`,
    document: chance.pick(documentsByWeight),
    ordinal: index,
    ...(targets.length > 0 && chance.happens(700_000) && { things: targets }),
    ...(namespaces.length > 0 && chance.happens(500_000) && { namespaceId: chance.pick(namespaces) }),
    ...(chance.happens(200_000) && { inProgressTimeoutMinutes: chance.pick([1, 1, 3, 10]) }),
  };
}

function drawDeedsAgainst(
  job: CreateJobDeed,
  things: readonly ThingConfiguration[],
  createdAtMs: DurationMs,
  safetyMs: DurationMs,
  chance: Chance,
): readonly OperatorAction[] {
  return Array.from({ length: chance.between(0, maxDeedsAgainstJob) }, () => {
    const { thingName } = chance.pick(things);
    const when: Moment = chance.happens(600_000)
      ? {
          thingName,
          step: chance.pick(steps),
          occurrence: chance.between(1, 3),
          afterMs: chance.pick([0, 0, 1, 10, 300, 5_000]),
        }
      : { atMs: chance.between(createdAtMs, safetyMs) };
    return { when, deed: drawDeedAgainst(job, thingName, chance) };
  }).flatMap((action) => (action.deed.kind === 'delete-job' ? [action, recreation(action, job, chance)] : [action]));
}

function drawDeedAgainst(job: CreateJobDeed, thingName: string, chance: Chance): Deed {
  const { jobId } = job;
  const namespace = job.namespaceId === undefined ? {} : { namespaceId: job.namespaceId };
  const deleteExecution: Deed = { kind: 'delete-execution', jobId, thingName, ...namespace };
  return chance.pick<Deed>([
    deleteExecution,
    deleteExecution,
    { kind: 'delete-job', jobId, ...namespace },
    { kind: 'cancel-job', jobId, force: chance.happens(700_000) },
    { kind: 'cancel-execution', jobId, thingName, force: chance.happens(800_000) },
    { kind: 'rejoin', thingName },
  ]);
}

/** The same job id again, at once or soon: with it executionNumber 1. Sometimes with another document. */
function recreation({ when }: OperatorAction, job: CreateJobDeed, chance: Chance): OperatorAction {
  const laterMs = chance.pick([0, 0, 50, 4_000]);
  const again: Moment = 'atMs' in when ? { atMs: when.atMs + laterMs } : { ...when, afterMs: when.afterMs + laterMs };
  const deed = chance.happens(500_000) ? job : { ...job, ordinal: job.ordinal + maxJobs };
  return { when: again, deed };
}
