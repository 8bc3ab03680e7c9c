/**
 * The swarm: each seed draws a scenario of its own. Each run has its own subset of faults at its own rates, its own fleet,
 * jobs and operator, so that rare combinations come up without anyone having thought of them. First anything may go wrong; then
 * every fault ends and everything must come to rest; then comes a canary under a job id that was used before, and in some runs
 * a last power cut. Draws only; plays nothing.
 */
import { million, seededChance, type Chance } from '../../faults/chance.ts';
import { directions, messageEffects, serviceAnswers, type Fault, type FaultPlan } from '../../faults/plan.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { drawAim, drawFaultsAimed } from './aimed-faults.ts';
import { drawOddDocument } from './odd-documents.ts';
import type {
  CreateJobDeed,
  Deed,
  DocumentKind,
  Entry,
  GivenThing,
  ImageCondition,
  Scenario,
  ThingLabel,
  Trigger,
} from './contract.ts';

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
/** Time for everything to come to rest once nothing goes wrong: longer than any back-off and timeout. */
const settleMs: DurationMs = 3 * 3_600_000;
/** The canary must end sooner than an idle agent asks by itself, which would hide a lost hint. */
const canaryMs: DurationMs = 10 * minuteMs;
/** Beyond every edition of the swarm, so that the canary's firmware is new to every device. */
const canaryEdition = 1001;

type Work = Pick<CreateJobDeed, 'document' | 'image'>;

function firmware(image?: ImageCondition): Work {
  return { document: 'firmware', ...(image && { image }) };
}

/** Firmware is what there is most to go wrong with. */
const worksByWeight: readonly Work[] = [
  ...Array.from({ length: 10 }, () => firmware()),
  ...Array.from({ length: 4 }, (): Work => ({ document: 'handlers' })),
  ...Array.from({ length: 2 }, (): Work => ({ document: 'reboot' })),
  firmware('missing'),
  firmware('corrupt'),
  firmware('failing'),
  firmware('stall'),
  firmware('expire'),
  ...(['foreign', 'unicode', 'unclean', 'oversize'] as const satisfies readonly DocumentKind[]).map(
    (document): Work => ({ document }),
  ),
];

export function drawScenario(seed: number, options: SwarmOptions): Scenario {
  const chance = seededChance(seed).fork('configuration');
  const safetyMs = chance.between(1, 12) * minuteMs;
  const things = withSessions(drawThings(options, chance.fork('things')), chance.fork('sessions'));
  const labels = things.map(({ thing }) => thing);
  const namespaces = chance.happens(300_000) ? ['line-7'] : [];
  const latencyMs = chance.pick([2, 20, 80, 400, 1500]);
  const jitterMs = chance.pick([0, latencyMs, 3 * latencyMs]);
  // Who waits for a step must see it when it comes.
  const isFollowed = chance.happens(450_000);
  const jobs = drawJobs({ things: labels, namespaces, safetyMs, isFollowed }, chance.fork('operator'));
  const faultsAimed = drawFaultsAimed(
    { things: labels, jobs: jobs.map(({ job }) => job.job), safetyMs, isFollowed },
    chance.fork('faults aimed'),
  );
  const meanwhile = [...jobs.flatMap(({ entries }) => entries), ...faultsAimed];
  const canary = jobs[0]?.job.job ?? 'canary';
  const hasLastCut = seededChance(seed).fork('last power cut').happens(250_000);
  return {
    id: `seed-${seed}`,
    version: 1,
    claim: 'Whatever goes wrong meanwhile, every device comes to rest and finishes the canary.',
    about: 'V5',
    catalog: [],
    needs: ['virtual-time'],
    given: {
      things,
      document: 'firmware',
      namespaces,
      link: { latencyMs, jitterMs },
      faults: drawFaults(safetyMs, chance.fork('faults')),
      seed,
      settleMs,
      grain: isFollowed ? 'operation' : 'sign',
    },
    meanwhile,
    script: [
      { when: { on: 'at', atMs: safetyMs }, deeds: [{ do: 'end-faults' }] },
      { when: { on: 'settled' }, deeds: canaryDeeds(canary, jobs[0]?.job.namespace) },
      ...(hasLastCut ? [{ when: { on: 'settled' }, deeds: labels.map(lastCut) } as const] : []),
    ],
    expect: [{ job: canary, status: ['SUCCEEDED'], withinMs: canaryMs, sideEffects: 'once', version: 'new' }],
    claims: 'all',
  };
}

/** The same job id again, and with it executionNumber 1 (V4, V5). */
function canaryDeeds(job: string, namespace: string | undefined): readonly Deed[] {
  return [
    { do: 'delete-job', job, force: true, ...(namespace !== undefined && { namespace }) },
    { do: 'create-job', job, document: 'firmware', edition: canaryEdition },
  ];
}

/** What is in non-volatile memory must be as true after a reboot (V7). */
function lastCut(thing: ThingLabel): Deed {
  return { do: 'power', offForMs: 1000, thing };
}

function drawThings({ hardware, things }: SwarmOptions, chance: Chance): readonly GivenThing[] {
  const count = things ?? chance.between(1, maxThings);
  return Array.from({ length: count }, (_, index) => ({
    thing: `thing-${index + 1}`,
    hardware: chance.pick(hardware),
  }));
}

/** In one run of four, half of the devices ask for persistent sessions. */
function withSessions(things: readonly GivenThing[], chance: Chance): readonly GivenThing[] {
  if (!chance.happens(250_000)) return things;
  return things.map((thing) => (chance.happens(500_000) ? { ...thing, session: 'persistent' } : thing));
}

/** About half of all kinds of faults, each from rare to frequent; one run in eight has none. */
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

interface DrawnJob {
  readonly job: CreateJobDeed;
  readonly entries: readonly Entry[];
}

interface DrawOptions {
  readonly things: readonly ThingLabel[];
  readonly namespaces: readonly string[];
  readonly safetyMs: DurationMs;
  readonly isFollowed: boolean;
}

function drawJobs(options: DrawOptions, chance: Chance): readonly DrawnJob[] {
  const jobs = Array.from({ length: chance.between(1, maxJobs) }, (_, index) =>
    drawJob(index, options, chance.fork(`job ${index}`)),
  );
  return jobs.map((job, index) => {
    const own = chance.fork(`deeds against job ${index}`);
    const atMs = own.between(0, options.safetyMs >> 1);
    const creation: Entry = { when: { on: 'at', atMs }, deeds: [job] };
    return { job, entries: [creation, ...drawDeedsAgainst(job, atMs, options, own)] };
  });
}

function drawJob(index: number, { things, namespaces }: DrawOptions, chance: Chance): CreateJobDeed {
  const targets = things.filter(() => chance.happens(800_000));
  const picked: Work = chance.happens(150_000)
    ? { document: drawOddDocument(index, chance) }
    : chance.pick(worksByWeight);
  const isStreamed = picked.document === 'firmware' && chance.fork('by stream').happens(150_000);
  const work: Work = isStreamed ? { ...picked, document: 'stream' } : picked;
  const isForThings = targets.length > 0 && chance.happens(700_000);
  return {
    do: 'create-job',
    job: `job-${index + 1}`,
    ...work,
    edition: index,
    ...(!isForThings && { group: true }),
    ...(isForThings && targets.length < things.length && { things: targets }),
    ...(namespaces.length > 0 && chance.happens(500_000) && { namespace: chance.pick(namespaces) }),
    ...(chance.happens(200_000) && { timeoutMinutes: chance.pick([1, 1, 3, 10]) }),
  };
}

/** Pulls, most of them aimed at the work; after some the power goes while the device undoes what it did. */
function drawDeedsAgainst(
  job: CreateJobDeed,
  createdAtMs: DurationMs,
  { things, safetyMs, isFollowed }: DrawOptions,
  chance: Chance,
): readonly Entry[] {
  return Array.from({ length: chance.between(0, maxDeedsAgainstJob) }, (): readonly Entry[] => {
    const thing = chance.pick(things);
    const when = chance.happens(600_000)
      ? drawAim(thing, { isFollowed }, chance)
      : ({ on: 'at', atMs: chance.between(createdAtMs, safetyMs) } as const);
    const deed = drawDeedAgainst(job, thing, chance);
    const pull: Entry = { when, deeds: [deed] };
    const cut: readonly Entry[] = chance.happens(200_000)
      ? [{ when: later(when, chance.pick([20, 100, 300, 1_000])), deeds: [{ do: 'power', offForMs: 500, thing }] }]
      : [];
    return deed.do === 'delete-job' ? [pull, recreation(when, job, chance), ...cut] : [pull, ...cut];
  }).flat();
}

function later(when: Trigger, laterMs: DurationMs): Trigger {
  if (when.on === 'at') return { ...when, atMs: when.atMs + laterMs };
  const afterMs = (when.afterMs ?? 0) + laterMs;
  return { ...when, ...(afterMs > 0 && { afterMs }) };
}

function drawDeedAgainst({ job, namespace }: CreateJobDeed, thing: ThingLabel, chance: Chance): Deed {
  const within = namespace === undefined ? {} : { namespace };
  const deleteExecution: Deed = { do: 'delete-execution', job, thing, force: true, ...within };
  return chance.pick<Deed>([
    deleteExecution,
    deleteExecution,
    { do: 'delete-job', job, force: true, ...within },
    { do: 'cancel-job', job, force: chance.happens(700_000) },
    { do: 'cancel-execution', job, thing, force: chance.happens(800_000) },
    { do: 'rejoin-group', thing },
  ]);
}

/** The same job id again, at once or soon: with it executionNumber 1. Sometimes with another document. */
function recreation(when: Trigger, job: CreateJobDeed, chance: Chance): Entry {
  const laterMs = chance.pick([0, 0, 50, 4_000]);
  const deed = chance.happens(500_000) ? job : { ...job, edition: (job.edition ?? 0) + maxJobs };
  return { when: later(when, laterMs), deeds: [deed] };
}
