/** What each process of a load run has used, in all and since the last sample, and whether the generator was the limit. */
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadProcess, LoadSample } from './contract.ts';
import type { PartReport } from './part.ts';

export interface Part {
  readonly name: string;
  readonly role: LoadProcess['role'];
  readonly things: number;
}

type Usage = Pick<PartReport, 'cpuMs' | 'bytes' | 'busy'>;

type Known = Part & {
  idleBytes: number;
  peakBytes: number;
  cpuMs: DurationMs;
  busiest: number;
  busy: number;
  bytes: number;
  cpuBefore: DurationMs;
  /** Of those that had the name before. */
  cpuGone: DurationMs;
};

/** A fleet's process is the limit while its loop is never idle and the service's is. */
const neverIdle = 0.97;
const idleEnough = 0.92;

export class ProcessTally {
  readonly #parts: Known[] = [];
  /** Processes that a part has started: an engine, and doors. They come behind all parts. */
  readonly #others = new Map<string, Known>();

  addPart(part: Part): void {
    this.#parts.push(newlyKnown(part));
  }

  /** One report of each part, in their order. */
  add(reports: readonly PartReport[]): void {
    reports.forEach((report, index) => {
      use(this.#parts[index]!, report);
      for (const usage of report.others ?? []) use(this.#other(usage.name), usage);
    });
  }

  /** What the processes have now they have without things. */
  idle(): void {
    for (const part of this.#all) part.idleBytes = part.bytes;
  }

  /** Since the sample before. */
  sample(spanMs: DurationMs): LoadSample['processes'] {
    return this.#all.map((part) => {
      const used = part.cpuGone + part.cpuMs;
      const cpu = (used - part.cpuBefore) / spanMs;
      part.cpuBefore = used;
      return { name: part.name, cpu, bytes: part.bytes };
    });
  }

  /** As of the last reports. */
  get isFleetTheLimit(): boolean {
    const isServiceIdle = this.#all.every(({ role, busy }) => role !== 'service' || busy < idleEnough);
    return isServiceIdle && this.#parts.some(({ role, busy }) => role === 'fleet' && busy >= neverIdle);
  }

  results(): readonly LoadProcess[] {
    return this.#all.map(({ name, role, things, idleBytes, peakBytes, cpuMs, cpuGone, busiest }) => {
      return { name, role, things, idleBytes, peakBytes, cpuMs: cpuGone + cpuMs, busiest };
    });
  }

  #other(name: string): Known {
    let other = this.#others.get(name);
    if (other === undefined) this.#others.set(name, (other = newlyKnown({ name, role: 'service', things: 0 })));
    return other;
  }

  get #all(): readonly Known[] {
    return [...this.#parts, ...this.#others.values()];
  }
}

function newlyKnown(part: Part): Known {
  return { ...part, idleBytes: 0, peakBytes: 0, cpuMs: 0, busiest: 0, busy: 0, bytes: 0, cpuBefore: 0, cpuGone: 0 };
}

function use(part: Known, { cpuMs, bytes, busy }: Usage): void {
  // One that was started again counts from nothing.
  if (cpuMs < part.cpuMs) part.cpuGone += part.cpuMs;
  part.cpuMs = cpuMs;
  part.bytes = bytes;
  part.peakBytes = Math.max(part.peakBytes, bytes);
  part.busy = busy;
  part.busiest = Math.max(part.busiest, busy);
}
