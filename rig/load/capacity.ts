/**
 * What this machine can hold, asked before anything is started: file descriptors, whose limit is silent when it is reached; local
 * ports, of which a pair of addresses has some 28,000; and memory. Figures of a thing are measured: bench/README.md.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { OperationalError } from '../../protocol/operational-error.ts';
import { isLoopback } from './line.ts';

export interface Wanted {
  readonly things: number;
  readonly transport: 'tcp' | 'in-process';
  /** Of the fleet. */
  readonly processes: number;
  /** Absent: a service of its own. */
  readonly endpoint?: string;
  readonly withHardware: boolean;
}

export interface Machine {
  readonly openFiles: number;
  readonly ports: number;
  readonly availableBytes: number;
}

/** Files a process holds besides its connections. The service's own count: broker/net/socket-budget.ts. */
const otherFiles = 100;
const addresses = 16_000;
const connectionsPerAddress = 10_000;
const kilobyte = 1024;
/** Rounded up from what was measured, so that a run that fits on paper fits in fact. */
const bytesOf = {
  service: 45 * kilobyte,
  fleet: 14 * kilobyte,
  'in-process': 30 * kilobyte,
  hardware: 60 * kilobyte,
} as const;
const bytesOfProcess = 120 * kilobyte * kilobyte;

/** @throws {OperationalError} `MACHINE_TOO_SMALL`, with the figure and what would fit */
export function refuseTooMany(wanted: Wanted, machine: Machine = thisMachine()): void {
  const reason = whyTooMany(wanted, machine);
  if (reason !== undefined) throw new OperationalError('MACHINE_TOO_SMALL', reason.what, { hint: reason.hint });
}

interface Reason {
  readonly what: string;
  readonly hint: string;
}

export function whyTooMany(
  { things, transport, processes, endpoint, withHardware }: Wanted,
  machine: Machine,
): Reason | undefined {
  const { openFiles, ports, availableBytes } = machine;
  if (transport === 'tcp') {
    const inOne = endpoint === undefined ? things : Math.ceil(things / processes);
    if (inOne + otherFiles > openFiles) {
      const fits = openFiles - otherFiles;
      return {
        what: `${things} things need ${inOne + otherFiles} open files in one process, and the limit is ${openFiles} (ulimit -n)`,
        hint:
          endpoint === undefined
            ? `${fits} things fit, or all of them with --transport in-process.`
            : `${fits} things fit in a process: use --processes ${Math.ceil(things / fits)}.`,
      };
    }
    const room =
      endpoint === undefined || isLoopback(new URL(endpoint).hostname) ? addresses * connectionsPerAddress : ports;
    if (things > room) {
      return {
        what: `${things} things need as many ports, and this machine has ${ports} for one endpoint`,
        hint: 'Spread the things over more machines with --slice.',
      };
    }
  }
  const device = withHardware ? bytesOf.hardware : 0;
  const each =
    device +
    (transport === 'in-process'
      ? bytesOf['in-process']
      : bytesOf.fleet + (endpoint === undefined ? bytesOf.service : 0));
  const fixed = (transport === 'in-process' ? 1 : processes + (endpoint === undefined ? 1 : 0)) * bytesOfProcess;
  if (things * each + fixed <= availableBytes) return undefined;
  const fits = Math.max(0, Math.floor((availableBytes - fixed) / each));
  return {
    what: `${things} things need ${megabytes(things * each + fixed)} of memory, and ${megabytes(availableBytes)} are free`,
    hint: `${fits} things fit${transport === 'tcp' && !withHardware ? '; with --transport in-process each needs less' : ''}.`,
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / kilobyte / kilobyte)} MB`;
}

/** Where the system does not tell, nothing is refused. Node raises the soft limit on files to the hard one when it starts. */
function thisMachine(): Machine {
  const [low, high] = (firstMatch('/proc/sys/net/ipv4/ip_local_port_range', /^(\d+\s+\d+)/) ?? '32768 60999').split(
    /\s+/,
  );
  const free = Number(firstMatch('/proc/meminfo', /^MemAvailable:\s+(\d+) kB/m) ?? Number.NaN) * kilobyte || freemem();
  return {
    openFiles: Number(firstMatch('/proc/self/limits', /^Max open files\s+(\d+)/m) ?? Infinity),
    ports: Number(high) - Number(low) + 1,
    availableBytes: Math.min(free, containerFree()),
  };
}

/** A container may have less than its machine. */
function containerFree(): number {
  const limit = Number(firstMatch('/sys/fs/cgroup/memory.max', /^(\d+)/) ?? Number.NaN);
  const used = Number(firstMatch('/sys/fs/cgroup/memory.current', /^(\d+)/) ?? Number.NaN);
  return Number.isFinite(limit) && Number.isFinite(used) ? limit - used : Infinity;
}

function firstMatch(file: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** One core is for the service where that is on this machine as well. */
export function processesFor(wanted: number | 'auto', ownService: boolean): number {
  if (wanted !== 'auto') return wanted;
  return Math.max(1, availableParallelism() - (ownService ? 1 : 0));
}
