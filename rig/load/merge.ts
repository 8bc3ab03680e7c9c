/** The runs of slices as one: counters and rates add up, histograms merge without loss, and what was cut short stays so. */
import { OperationalError } from '../../protocol/operational-error.ts';
import { type Exchange, type LoadRun, exchanges } from './contract.ts';
import { Latencies } from './histograms.ts';
import { mergedTimeline } from './merged-timeline.ts';
import { type Counts, sum, sumOfCounts } from './report-sums.ts';

/** @throws {OperationalError} `RUN_UNREADABLE` for runs that are not of one load, or the same one twice */
export function mergeLoads(runs: readonly LoadRun[]): LoadRun {
  const [first] = runs;
  if (first === undefined) throw new RangeError('nothing to merge');
  for (const [index, run] of runs.entries()) {
    const why = whyNotOfOneLoad(first, run);
    if (why !== undefined) throw new OperationalError('RUN_UNREADABLE', `${why} are not slices of one load`);
    if (runs.slice(0, index).some((other) => isSame(other, run)))
      throw new OperationalError('RUN_UNREADABLE', `${nameOf(run)} is there twice`);
  }
  const missing = missingSlices(runs);
  const startedAt = Math.min(...runs.map((run) => run.startedAt));
  const partial = [
    ...runs.flatMap((run) => (run.partial === undefined ? [] : [`${nameOf(run)}: ${run.partial}`])),
    ...(missing.length === 0 ? [] : [`slices ${missing.join(', ')} are missing`]),
  ];
  const of = (figure: (run: LoadRun) => number): number => sum(runs.map(figure));
  const notes = runs.flatMap((run) => (run.notes ?? []).map((note) => `${nameOf(run)}: ${note}`));
  const { slice: _slice, partial: _partial, notes: _notes, command, ...common } = first;
  return {
    ...common,
    // Of all slices.
    ...(command !== undefined && { command: command.replace(/ --slice[ =]\S+/, '') }),
    startedAt,
    endedAt: Math.max(...runs.map((run) => run.endedAt)),
    things: of((run) => run.things),
    executions: sumOfCounts(runs.map(({ executions }) => executions)) as Counts & LoadRun['executions'],
    executionsPerSecond: of((run) => run.executionsPerSecond),
    exchangesPerSecond: of((run) => run.exchangesPerSecond),
    connectsPerSecond: of((run) => run.connectsPerSecond),
    histograms: mergedHistograms(runs),
    timeline: mergedTimeline(
      runs.map((run) => ({ ...run, name: nameOf(run) })),
      startedAt,
    ),
    phases: runs.flatMap((run) =>
      run.phases.map(({ name, fromMs, toMs }) => ({
        name: runs.length > 1 ? `${nameOf(run)}: ${name}` : name,
        fromMs: fromMs + run.startedAt - startedAt,
        toMs: toMs + run.startedAt - startedAt,
      })),
    ),
    processes: runs.flatMap((run) => run.processes.map((part) => ({ ...part, name: `${nameOf(run)} ${part.name}` }))),
    failures: sumOfCounts(runs.map(({ failures }) => failures)),
    refusals: sumOfCounts(runs.map(({ refusals }) => refusals)),
    saturated: runs.some(({ saturated }) => saturated),
    differs: runs.flatMap((run) => run.differs.map((difference) => `${nameOf(run)}: ${difference}`)),
    ...(notes.length > 0 && { notes }),
    ...(partial.length > 0 && { partial: partial.join('; ') }),
  };
}

/** @returns the two, in words */
function whyNotOfOneLoad(one: LoadRun, other: LoadRun): string | undefined {
  const told: readonly ((run: LoadRun) => string)[] = [
    ({ shape }) => `of ${shape}`,
    ({ slice }) => (slice === undefined ? 'that is no slice' : `that is one slice of ${slice.of}`),
    ...(['executions', 'updates', 'pacing', 'hardware', 'transport'] as const).map(
      (name) =>
        ({ settings }: LoadRun) =>
          `with ${name} ${settings[name]}`,
    ),
    // Slices of one load differ by one thing at most.
    ({ things, slice }) =>
      `of ${slice !== undefined && Math.abs(things - one.things) < 2 ? one.things : things} things`,
  ];
  const differs = told.find((tell, index) => tell(one) !== tell(other) && (index < told.length - 1 || one.slice));
  return differs && `a run ${differs(one)} and one ${differs(other)}`;
}

/** A run that is no slice is the same as one that began and ended with it. */
function isSame(one: LoadRun, other: LoadRun): boolean {
  if (one.slice !== undefined) return one.slice.index === other.slice?.index;
  return one.startedAt === other.startedAt && one.endedAt === other.endedAt && one.seed === other.seed;
}

function nameOf({ slice }: LoadRun): string {
  return slice === undefined ? 'run' : `slice ${slice.index}/${slice.of}`;
}

function missingSlices(runs: readonly LoadRun[]): readonly string[] {
  const of = Math.max(0, ...runs.map(({ slice }) => slice?.of ?? 0));
  const there = new Set(runs.map(({ slice }) => slice?.index));
  return Array.from({ length: of }, (_, index) => index + 1)
    .filter((index) => !there.has(index))
    .map((index) => `${index}/${of}`);
}

function mergedHistograms(runs: readonly LoadRun[]): LoadRun['histograms'] {
  const merged: Partial<Record<Exchange, string>> = {};
  for (const exchange of exchanges) {
    const texts = runs.flatMap(({ histograms }) => histograms[exchange] ?? []);
    if (texts.length === 0) continue;
    const latencies = new Latencies();
    try {
      for (const text of texts) latencies.add(text);
    } catch (cause) {
      throw new OperationalError('RUN_UNREADABLE', `the latencies of ${exchange} are no histogram`, { cause });
    }
    merged[exchange] = latencies.text();
  }
  return merged;
}
