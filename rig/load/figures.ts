/**
 * The figures of a load run: latencies from its histograms, and thresholds on any figure. What a threshold may
 * name stands once, here.
 */
import { unknownWord } from '../../protocol/near-name.ts';
import { type Exchange, type LoadRun, exchanges } from './contract.ts';
import { type Latency, latenciesOf } from './histograms.ts';
import { type JudgedThreshold, type Unit, failuresOf, memoryOf, verdictOfLoad } from './verdict.ts';

export type Latencies = Readonly<Partial<Record<Exchange, Latency>>>;

export function latenciesIn({ histograms }: LoadRun): Latencies {
  const told = exchanges.flatMap((exchange) => {
    const text = histograms[exchange];
    return text === undefined ? [] : [[exchange, latenciesOf(text).latency()] as const];
  });
  return Object.fromEntries(told);
}

const percentiles = ['p50', 'p95', 'p99', 'max'] as const;

interface Figure {
  readonly unit: Unit;
  readonly isRate?: true;
  readonly of: (run: LoadRun) => number | undefined;
}

const plainFigures: Readonly<Record<string, Figure>> = {
  executionsPerSecond: { unit: '', isRate: true, of: (run) => run.executionsPerSecond },
  exchangesPerSecond: { unit: '', isRate: true, of: (run) => run.exchangesPerSecond },
  connectsPerSecond: { unit: '', isRate: true, of: (run) => run.connectsPerSecond },
  'executions.wanted': { unit: '', of: (run) => run.executions.wanted },
  'executions.succeeded': { unit: '', of: (run) => run.executions.succeeded },
  'executions.failed': { unit: '', of: (run) => run.executions.failed },
  'executions.pulled': { unit: '', of: (run) => run.executions.pulled },
  'memory.servicePeakBytes': { unit: 'bytes', of: (run) => memoryOf(run).servicePeakBytes || undefined },
  'memory.fleetPeakBytes': { unit: 'bytes', of: (run) => memoryOf(run).fleetPeakBytes || undefined },
  'memory.perThingBytes': { unit: 'bytes', of: (run) => memoryOf(run).perThingBytes },
  failures: { unit: '', of: failuresOf },
};

/** For people: all that a threshold may name. */
export const figuresInWords: readonly string[] = [
  `EXCHANGE.PERCENTILE, of ${exchanges.join(', ')} and ${percentiles.join(', ')}`,
  Object.keys(plainFigures).join(', '),
];

const figureNames: readonly string[] = [
  ...exchanges.flatMap((exchange) => percentiles.map((percentile) => `${exchange}.${percentile}`)),
  ...Object.keys(plainFigures),
];

function figureOf(name: string): Figure | undefined {
  if (Object.hasOwn(plainFigures, name)) return plainFigures[name];
  const [exchange, percentile] = name.split('.') as [Exchange, (typeof percentiles)[number]];
  if (!figureNames.includes(name)) return undefined;
  return { unit: 'ms', of: (run) => latenciesIn(run)[exchange]?.[percentile] };
}

const operators = {
  '<=': (value: number, limit: number) => value <= limit,
  '>=': (value: number, limit: number) => value >= limit,
  '==': (value: number, limit: number) => value === limit,
  '<': (value: number, limit: number) => value < limit,
  '>': (value: number, limit: number) => value > limit,
} as const;

const factors: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  ms: { us: 0.001, µs: 0.001, ms: 1, s: 1000, '': 1 },
  bytes: { B: 1, KB: 1024, MB: 1_048_576, GB: 1_073_741_824, '': 1 },
  '': { '': 1 },
};
const ofRates = { '/s': 1, '': 1 };

export interface Threshold {
  /** As the user wrote it. */
  readonly expression: string;
  readonly name: string;
  readonly unit: Unit;
  readonly of: (run: LoadRun) => number | undefined;
  readonly holds: (value: number) => boolean;
}

/** Reads e.g. `update.p99<50ms`, `failures==0`, `executionsPerSecond>=1000`. @returns what is wrong, as text */
export function parseThreshold(expression: string): Threshold | string {
  const match = /^\s*([\w.-]+?)\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*([a-zA-Zµ/]*)\s*$/.exec(expression);
  if (match === null) return 'expected a figure, one of < <= > >= ==, and a number, e.g. update.p99<50ms';
  const [, name = '', operator = '', number = '', unit = ''] = match;
  const figure = figureOf(name);
  if (figure === undefined) return unknownWord(name, figureNames, 'jobrig load --help');
  const units: Readonly<Record<string, number>> = figure.isRate === true ? ofRates : factors[figure.unit];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) {
    const known = Object.keys(units).filter((word) => word !== '');
    return `\`${unit}\` is no unit of ${name}: expected ${known.join(', ') || 'none'}`;
  }
  const limit = Number(number) * factor;
  if (!Number.isFinite(limit)) return `${number} is more than any figure`;
  if (operator === '<' && limit === 0) return `${name} is never below 0`;
  return {
    expression,
    name,
    unit: figure.unit,
    of: figure.of,
    holds: (value) => operators[operator as keyof typeof operators](value, limit),
  };
}

export function judgeThresholds(run: LoadRun, thresholds: readonly Threshold[]): readonly JudgedThreshold[] {
  return thresholds.map(({ expression, unit, of, holds }) => {
    const value = of(run);
    return { expression, ...(value !== undefined && { value }), unit, held: value !== undefined && holds(value) };
  });
}

/** The result as machines read it. */
export function loadJson(run: LoadRun, thresholds: readonly JudgedThreshold[], report?: string): object {
  const { jobrig, seed, startedAt, endedAt, shape, things, executions, failures, refusals, saturated } = run;
  return {
    jobrig,
    verb: 'load',
    seed,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    verdict: verdictOfLoad(run, thresholds),
    shape,
    things,
    ...(run.slice && { slice: `${run.slice.index}/${run.slice.of}` }),
    executions,
    executionsPerSecond: rounded(run.executionsPerSecond),
    exchangesPerSecond: rounded(run.exchangesPerSecond),
    connectsPerSecond: rounded(run.connectsPerSecond),
    latencyMs: latenciesIn(run),
    memory: memoryOf(run),
    cpuMs: Object.fromEntries(run.processes.map(({ name, cpuMs }) => [name, rounded(cpuMs)])),
    failures,
    refusals,
    saturated,
    differs: run.differs,
    ...(run.notes !== undefined && { notes: run.notes }),
    ...(run.partial !== undefined && { partial: run.partial }),
    thresholds,
    ...(report !== undefined && { report }),
  };
}

function rounded(figure: number): number {
  return Math.round(figure * 10) / 10;
}
