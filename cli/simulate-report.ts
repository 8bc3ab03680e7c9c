/** What `jobrig simulate` says at the end: one JSON object for machines, for people what was injected, what broke and how to see it again. */
import { createRequire } from 'node:module';
import { type Violation, claims } from '../rig/virtual/violation.ts';

/** What all runs together came to. */
export interface Totals {
  runs: number;
  executions: number;
  simulatedMs: number;
  /** Simulated time times devices. */
  deviceMs: number;
  traceHash: string;
  readonly faults: Record<string, number>;
  readonly violations: Found[];
}

export interface Found extends Violation {
  readonly seed: number;
}

/** What belongs to the words of the result beside the totals. */
export interface Account {
  readonly totals: Totals;
  readonly seed: number;
  /** One run alone has a trace hash to show. */
  readonly single: boolean;
  readonly startedAt: Date;
  readonly wallSeconds: number;
  readonly replayOf: (violation: Found) => string;
  /** The command that replays the configuration that was kept of the first violation. */
  readonly kept?: { readonly file: string; readonly replay: string };
}

export function simulationJson({ totals, seed, single, startedAt, wallSeconds, replayOf, kept }: Account): string {
  const { version } = createRequire(import.meta.url)('jobrig/package.json') as { readonly version: string };
  const result = {
    jobrig: version,
    verb: 'simulate',
    seed,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    verdict: totals.violations.length > 0 ? 'fail' : 'pass',
    runs: totals.runs,
    executions: totals.executions,
    simulatedSeconds: totals.simulatedMs / 1000,
    wallSeconds,
    faults: totals.faults,
    violations: totals.violations.map((violation) => ({
      seed: violation.seed,
      broke: violation.broke,
      message: violation.message,
      replay: replayOf(violation),
      ...(violation.thingName !== undefined && { thingName: violation.thingName }),
      atMs: violation.atMs,
    })),
    ...(kept && { kept }),
    ...(single && { traceHash: totals.traceHash }),
  };
  return `${JSON.stringify(result)}\n`;
}

export function simulationSummary({ totals, single, wallSeconds }: Account): string {
  const { runs, executions, deviceMs, faults, violations, traceHash } = totals;
  const hours = (deviceMs / 3_600_000).toFixed(1);
  const injected = Object.entries(faults)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `  ${String(count).padStart(8)}  ${kind}\n`);
  return [
    `${runs} ${runs === 1 ? 'run' : 'runs'}, ${hours} device-hours, ${executions} executions, ${wallSeconds.toFixed(1)} s\n`,
    injected.length === 0 ? 'no fault was injected\n' : `faults\n${injected.join('')}`,
    single ? `trace hash ${traceHash}\n` : '',
    violations.length === 0 ? 'no violation\n' : `failed: ${failedSeeds(violations).join(', ')}\n`,
  ].join('');
}

function failedSeeds(violations: readonly Found[]): readonly number[] {
  return [...new Set(violations.map(({ seed }) => seed))];
}

/** What broke, one paragraph each, and how to see it again. */
export function violationsText({ totals, replayOf }: Account): string {
  const texts = totals.violations.map((violation) => {
    const { seed, broke, message, thingName, atMs } = violation;
    const where = thingName === undefined ? '' : ` ${thingName}`;
    return [
      `\n✗ seed ${seed}${where} broke ${broke} (${claims[broke]})\n  after ${atMs} ms: ${message}\n`,
      `  replay: ${replayOf(violation)}\n`,
    ].join('');
  });
  return texts.join('');
}
