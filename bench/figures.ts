/**
 * What jobrig promises about its speed: one row a figure, with the bar that must hold and the aim that is worth having.
 * The comparisons measure, this table judges. Source: docs/performance.md, "What it must reach".
 */
import type { Spread } from './rounds.ts';

export interface Figure {
  readonly claim: string;
  readonly unit: '×' | 's' | 'ms' | 'KB' | '/s';
  readonly better: 'higher' | 'lower';
  readonly bar: number;
  readonly aim: number;
}

export const figures = {
  mosquitto: { claim: 'service exchanges ÷ Mosquitto’s echo', unit: '×', better: 'higher', bar: 1.2, aim: 1.5 },
  naive: { claim: 'executions ÷ naive wiring, MQTT.js', unit: '×', better: 'higher', bar: 1.7, aim: 2.5 },
  logic: { claim: 'with job logic ÷ same packets without', unit: '×', better: 'higher', bar: 0.8, aim: 0.9 },
  durable: { claim: 'durable ÷ in-memory executions, window 256', unit: '×', better: 'higher', bar: 0.75, aim: 0.9 },
  postgres: {
    claim: 'in PostgreSQL ÷ in SQLite executions, window 256',
    unit: '×',
    better: 'higher',
    bar: 0.5,
    aim: 0.75,
  },
  takeover: {
    claim: 'engine killed or stopped: first answer of the next, 100,000 rows',
    unit: 'ms',
    better: 'lower',
    bar: 1000,
    aim: 500,
  },
  p99: { claim: 'p99 of an exchange ÷ same packets without logic', unit: '×', better: 'lower', bar: 1.4, aim: 1.15 },
  crowd: {
    claim: 'p99 beside 10,000 clients that never read, or flood',
    unit: 'ms',
    better: 'lower',
    bar: 100,
    aim: 25,
  },
  memory: { claim: 'memory a thing, service + MQTT.js', unit: 'KB', better: 'lower', bar: 45, aim: 35 },
  'in-process': { claim: 'memory a thing, in-process', unit: 'KB', better: 'lower', bar: 40, aim: 25 },
  'mass-delete': { claim: 'all recovered from a mass delete ÷ rollout', unit: '×', better: 'lower', bar: 3, aim: 1 },
  link: { claim: 'all in one process ÷ engine and one door, by CPU', unit: '×', better: 'higher', bar: 0.8, aim: 0.9 },
  linkShare: { claim: 'CPU of the link ÷ CPU of the door', unit: '×', better: 'lower', bar: 0.35, aim: 0.15 },
  doors: {
    claim: 'engine and two doors ÷ all in one process, by CPU',
    unit: '×',
    better: 'higher',
    bar: 1.6,
    aim: 1.85,
  },
  inMemory: {
    claim: 'two doors with their fleets in memory ÷ all in one process',
    unit: '×',
    better: 'higher',
    bar: 1.6,
    aim: 1.85,
  },
  inMemoryNaive: {
    claim: 'two doors with their fleets in memory ÷ naive wiring',
    unit: '×',
    better: 'higher',
    bar: 2.5,
    aim: 5,
  },
  engine: { claim: 'engine commands on one core', unit: '/s', better: 'higher', bar: 600_000, aim: 2_000_000 },
  growth: { claim: 'cost of a command, 100× things and jobs', unit: '×', better: 'lower', bar: 1.3, aim: 1.0 },
  blocking: { claim: 'DeleteJob of 100,000: longest block', unit: 'ms', better: 'lower', bar: 10, aim: 5 },
  simulation: {
    claim: 'simulated device executions on one core',
    unit: '/s',
    better: 'higher',
    bar: 30_000,
    aim: 150_000,
  },
  check: { claim: '60 scenarios on a program, eight at once', unit: 's', better: 'lower', bar: 180, aim: 90 },
  handshake: { claim: 'handshake of a check', unit: 'ms', better: 'lower', bar: 3000, aim: 2000 },
  checkMemory: { claim: 'memory of a check at its peak', unit: 'KB', better: 'lower', bar: 204_800, aim: 153_600 },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof figures;

export interface Measurement {
  readonly figure: FigureName;
  readonly value: Spread;
  /** What stands behind the figure, for the table: CPU µs of each side, rates by the clock. */
  readonly note: string;
  /** Every round as it was measured, for the results file. */
  readonly samples: readonly object[];
}

/** How much is measured. */
export interface Size {
  /** Connected to each service. */
  readonly things: number;
  /** Lifecycles in a round. */
  readonly executions: number;
  readonly rounds: number;
  readonly window: number;
  readonly exchanges: number;
}

export type Verdict = 'aim' | 'bar' | 'missed';

export function judge({ figure, value }: Measurement): Verdict {
  const { better, bar, aim } = figures[figure];
  const reaches = (limit: number) => (better === 'higher' ? value.median >= limit : value.median <= limit);
  if (reaches(aim)) return 'aim';
  return reaches(bar) ? 'bar' : 'missed';
}
