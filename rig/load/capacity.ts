/**
 * What this machine can hold, asked before anything is started: file descriptors, whose limit is silent when it is reached; local
 * ports, of which a pair of addresses has some 28,000; and memory. Figures of a thing are measured: bench/README.md.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { isSecure } from '../../agent/endpoint.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { freeOfGroups } from './control-groups.ts';
import { isSpread } from './loopback.ts';

export interface Wanted {
  readonly things: number;
  readonly transport: 'tcp' | 'in-process';
  /** Of the fleet. */
  readonly processes: number;
  /** Of the own service, each a process; 0: the service is one process. */
  readonly doors: number;
  /** Absent: a service of its own. */
  readonly endpoint?: string;
  readonly withHardware: boolean;
}

export interface Machine {
  readonly openFiles: number;
  readonly ports: number;
  readonly availableBytes: number;
  /** Of data, in one process. */
  readonly processBytes: number;
  /** Node's heap where nothing else is asked for: in doors and their engine. */
  readonly heapBytes: number;
}

/** Files a process holds besides its connections. The service's own count: broker/net/socket-budget.ts. */
const otherFiles = 100;
const kilobyte = 1024;
/** Rounded up from what was measured, so that a run that fits on paper fits in fact. */
const bytesOf = {
  service: 45 * kilobyte,
  fleet: 14 * kilobyte,
  tls: 80 * kilobyte,
  'in-process': 30 * kilobyte,
  hardware: 60 * kilobyte,
} as const;
const bytesOfProcess = 120 * kilobyte * kilobyte;
/** Of it, on the heap. */
const bytesOfModules = 50 * kilobyte * kilobyte;

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
  { things, transport, processes, doors, endpoint, withHardware }: Wanted,
  machine: Machine,
): Reason | undefined {
  const { openFiles, ports, availableBytes, processBytes, heapBytes } = machine;
  if (transport === 'tcp') {
    const inOne = Math.max(Math.ceil(things / processes), endpoint === undefined ? inOneDoor(things, doors) : 0);
    if (inOne + otherFiles > openFiles) {
      const enough = processesThatHold(things, openFiles);
      return {
        what: `${things} things need ${inOne + otherFiles} open files in one process, and the limit is ${openFiles} (ulimit -n)`,
        hint:
          enough <= mostProcesses
            ? `Use --processes ${enough}${endpoint === undefined ? ', or --transport in-process' : ''}, or raise the limit.`
            : `${Math.max(0, openFiles - otherFiles)} things fit in a process${endpoint === undefined ? ', any number with --transport in-process' : ': spread them over more machines with --slice'}.`,
      };
    }
    if (things > ports && endpoint !== undefined && !isSpread(new URL(endpoint).hostname)) {
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
      : bytesOf.fleet + (endpoint === undefined ? bytesOf.service : isSecure(endpoint) ? bytesOf.tls : 0));
  const share = inOneDoor(things, Math.max(processes, doors));
  const inOneProcess = share * each + bytesOfProcess;
  if (inOneProcess > processBytes) {
    return {
      what: `${things} things need ${megabytes(inOneProcess)} of data in one process, and the limit is ${megabytes(processBytes)} (ulimit -d)`,
      hint: `${Math.max(0, Math.floor((processBytes - bytesOfProcess) / each))} things fit in a process.`,
    };
  }
  // Other processes of a load are given a heap that suffices.
  const inOneHeap = doors === 0 ? 0 : inOneDoor(things, doors) * bytesOf.service + bytesOfModules;
  if (inOneHeap > heapBytes) {
    return {
      what: `${things} things need ${megabytes(inOneHeap)} of heap in a door, and the limit is ${megabytes(heapBytes)} (--max-old-space-size)`,
      hint: `${Math.max(0, Math.floor((heapBytes - bytesOfModules) / bytesOf.service))} things fit in a door: raise the limit, or use more --processes.`,
    };
  }
  const fixed = processesInAll({ transport, processes, doors, endpoint }) * bytesOfProcess;
  if (things * each + fixed <= availableBytes) return undefined;
  const fits = Math.max(0, Math.floor((availableBytes - fixed) / each));
  return {
    what: `${things} things need ${megabytes(things * each + fixed)} of memory, and ${megabytes(availableBytes)} are free`,
    hint: `${fits} things fit${transport === 'tcp' && !withHardware ? '; with --transport in-process each needs less' : ''}.`,
  };
}

function processesInAll({
  transport,
  processes,
  doors,
  endpoint,
}: Pick<Wanted, 'transport' | 'processes' | 'doors' | 'endpoint'>): number {
  if (endpoint !== undefined) return processes;
  if (doors === 0) return transport === 'in-process' ? 1 : processes + 1;
  // Engine and starter beside the doors, which in memory are the fleet's.
  return processes + 2 + (transport === 'in-process' ? 0 : doors);
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
    processBytes: Number(firstMatch('/proc/self/limits', /^Max data size\s+(\d+)/m) ?? Infinity),
    heapBytes: getHeapStatistics().heap_size_limit,
  };
}

/** What a container, or another control group, has left of its memory, which may be less than its machine has. */
function containerFree(): number {
  return freeOfGroups(readIfThere('/proc/self/cgroup') ?? '', readIfThere);
}

function firstMatch(file: string, pattern: RegExp): string | undefined {
  return pattern.exec(readIfThere(file) ?? '')?.[1];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Things belong to doors by a hash, which is not quite even. */
const unevenness = 1.05;

function inOneDoor(things: number, doors: number): number {
  return doors <= 1 ? things : Math.ceil((things / doors) * unevenness);
}

function processesThatHold(things: number, openFiles: number): number {
  let count = 1;
  while (inOneDoor(things, count) + otherFiles > openFiles && count <= mostProcesses) count += 1;
  return count;
}

/** Of the fleet, and doors of the own service; 0: it is one process. */
export interface Processes {
  readonly fleet: number;
  readonly doors: number;
}

export const mostProcesses = 64;

/**
 * With a service of its own a run has as many doors as it has processes of the fleet, since a thing costs both the same; one of
 * each, with the engine in the door's process, where one holds them. `auto`: as many as cores are worth and files demand.
 */
export function processesFor(
  wanted: number | 'auto',
  { things, transport, endpoint }: Pick<Wanted, 'things' | 'transport' | 'endpoint'>,
  { openFiles }: Pick<Machine, 'openFiles'> = thisMachine(),
): Processes {
  const cores = availableParallelism();
  if (transport === 'in-process') {
    const fleet = wanted === 'auto' ? 1 : wanted;
    return { fleet, doors: fleet > 1 ? fleet : 0 };
  }
  const worth = endpoint === undefined ? Math.floor((cores - 1) / 2) : cores;
  const needed = Math.min(processesThatHold(things, openFiles), mostProcesses);
  const fleet = wanted === 'auto' ? Math.max(1, worth, needed) : wanted;
  return { fleet, doors: endpoint === undefined && fleet > 1 ? fleet : 0 };
}
