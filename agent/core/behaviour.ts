/**
 * Every decision of the agent that can be right or wrong, as one object of tables and pure functions: what a code means,
 * which execution is the same, how long to pause, when to ask. The core asks it and decides nothing itself, so that an
 * agent with one known bug is `{ ...referenceAgent, oneMember }`. No member keeps state.
 */
import type { JsonObject } from '../../protocol/json.ts';
import { maxStatusDetailValueLength } from '../../protocol/limits.ts';
import type { StreamFormat } from '../../protocol/stream-blocks.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { formatJobsTopic } from '../../protocol/topics.ts';
import type { BootFacts, Checkpoint, IncomingMessage } from './contract.ts';
import type { ExecutionIdentity, Step } from '../../observation/execution.ts';
import { type Capacity, type Plan, type Refusal, readDocument } from './plan.ts';
import { type Interruption, type RecoveryTable, recoveryTable } from './recovery.ts';

/** What a rejection says about the execution that was asked about. */
export type Meaning =
  /** It is gone: deleted, canceled or ended. */
  | 'gone'
  /** Our idea of its version is old. */
  | 'stale'
  /** The request itself is wrong; repeating it is pointless. */
  | 'refused'
  /** Try again later. */
  | 'retry';

/** An execution as some message shows it. */
export interface SeenExecution {
  readonly execution: ExecutionIdentity;
  readonly status: string;
  readonly versionNumber: number;
}

/** What the device is in the middle of, as found at boot. */
export type BootFinding =
  | { readonly kind: 'interrupted'; readonly by: Interruption }
  /** The new image runs and is not confirmed: test it. */
  | { readonly kind: 'self-test' }
  /** The work is done; only the report is missing. */
  | { readonly kind: 'succeeded' }
  /** A report is waiting to be delivered. */
  | { readonly kind: 'undelivered' };

/** What this life of the agent remembers of executions that it is through with. */
export interface Past {
  /** The last one. */
  readonly settled: ExecutionIdentity | undefined;
}

export interface Patience {
  /** For the answer to one request. */
  readonly replyMs: DurationMs;
  /** For a connection, and for its subscriptions. */
  readonly connectMs: DurationMs;
  /** From the boot of a new image to a passed self-test, the service's answer included. */
  readonly selfTestMs: DurationMs;
  /** Between a list notification and asking, in case notify-next says more in between. */
  readonly hintMs: DurationMs;
  /** Between two questions of an idle device, in case a notification was missed. */
  readonly pollMs: DurationMs;
}

export interface AgentBehaviour {
  readonly recovery: RecoveryTable;
  readonly patience: Patience;
  /** Percent of an image between two progress updates. */
  readonly progressEveryPercent: number;
  /** Bytes of an image between two checkpoints. */
  readonly checkpointEveryBytes: number;
  /** Whether the whole spare slot is erased at once before the first segment, instead of sector by sector as it is written. */
  readonly erasesAhead: boolean;
  /** Whether the radio stays off for a while after a crash, longer after each, so that a weak battery recovers. */
  readonly restsAfterCrash: boolean;
  /** In which format blocks of streams are asked for. FreeRTOS's agents use CBOR, its library of file streams either. */
  readonly streamFormat: StreamFormat;
  /** Which clock deadlines are kept in; a wall clock leaps when it is set. */
  readonly timeBase: 'uptime' | 'wall-clock';
  /** Whether the service is asked one last time before what cannot be undone. */
  readonly asksBeforeNoReturn: boolean;
  /** Whether `$next` is asked for at each new connection. */
  readonly asksOnConnect: boolean;
  /** Whether a report is kept in the checkpoint until it is delivered. */
  readonly keepsReports: boolean;
  /** How often to send what may go unanswered, before it is dropped. */
  readonly tries: { readonly progress: number; readonly permission: number; readonly report: number };
  /** How often `$next` may be empty after a notification that named something, before that is believed. */
  readonly emptyAnswers: number;
  /** What to subscribe to at the nth connection (from 1) since the boot. */
  filters(thingName: string, namespaces: readonly string[], connection: number): readonly string[];
  /** Whether a message is taken note of at this step; idle: `undefined`. */
  listensTo(message: IncomingMessage, step: Step | undefined): boolean;
  meaningOf(code: string): Meaning;
  isSameExecution(one: ExecutionIdentity, other: ExecutionIdentity): boolean;
  /** Whether what is seen is still the execution at work, of which `known` was the last seen execution. */
  isStillOurs(known: Omit<SeenExecution, 'status'>, seen: SeenExecution): boolean;
  /** Whether the head of a queue is passed over, given what became of the executions before it. */
  passesOver(head: SeenExecution, past: Past): boolean;
  /** The version of an execution, by what was known of it and what an answer says. */
  versionOf(known: number, told: number | undefined): number;
  readDocument(document: JsonObject, bytes: number, capacity: Capacity): Plan | Refusal;
  /** What a checkpoint found at boot means, given the image that booted. */
  foundAtBoot(checkpoint: Checkpoint, boot: BootFacts): BootFinding;
  /** The pause after this many failures in a row (1, 2, …); `chance` is drawn anew from [0, 1) each time. */
  pauseMs(failures: number, chance: number): DurationMs;
  /** A text as a status detail may hold it. */
  detail(text: string): string;
}

export const referenceAgent: AgentBehaviour = {
  recovery: recoveryTable,
  patience: { replyMs: 30_000, connectMs: 60_000, selfTestMs: 180_000, hintMs: 2000, pollMs: 900_000 },
  streamFormat: 'cbor',
  progressEveryPercent: 50,
  checkpointEveryBytes: 65_536,
  erasesAhead: false,
  restsAfterCrash: true,
  timeBase: 'uptime',
  asksBeforeNoReturn: true,
  asksOnConnect: true,
  keepsReports: true,
  // Progress is only news.
  tries: { progress: 3, permission: 5, report: Infinity },
  emptyAnswers: 5,
  filters: notificationFilters,
  listensTo: () => true,
  meaningOf: (code) => meanings.get(code) ?? 'retry',
  isSameExecution: (one, other) =>
    one.jobId === other.jobId && one.executionNumber === other.executionNumber && one.queuedAt === other.queuedAt,
  isStillOurs(known, seen) {
    // The same ids with a version or a status that went back: deleted and created again within the same second.
    return (
      this.isSameExecution(known.execution, seen.execution) &&
      seen.status === 'IN_PROGRESS' &&
      seen.versionNumber >= known.versionNumber
    );
  },
  passesOver: () => false,
  versionOf: (known, told) => told ?? known + 1,
  readDocument,
  foundAtBoot,
  pauseMs: growingPause,
  detail: cleanDetail,
};

/** Source: reference mqtt-api.md §6. Codes that are not listed are tried again, as Greengrass Lite does. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['ResourceNotFound', 'gone'],
  ['InvalidStateTransition', 'gone'],
  ['TerminalStateReached', 'gone'],
  ['VersionMismatch', 'stale'],
  ['InvalidTopic', 'refused'],
  ['InvalidJson', 'refused'],
  ['InvalidRequest', 'refused'],
  ['RequestThrottled', 'retry'],
  ['InternalError', 'retry'],
]);

function notificationFilters(thingName: string, namespaces: readonly string[]): readonly string[] {
  const filters: string[] = [];
  for (const namespaceId of [undefined, ...namespaces]) {
    for (const name of ['JobExecutionsChanged', 'NextJobExecutionChanged'] as const) {
      const about = { kind: 'notification', thingName, name } as const;
      filters.push(formatJobsTopic(namespaceId === undefined ? about : { ...about, namespaceId }));
    }
  }
  return filters;
}

function foundAtBoot(checkpoint: Checkpoint, { running, failedVersion }: BootFacts): BootFinding {
  if (checkpoint.report !== undefined) return { kind: 'undelivered' };
  const { plan, step } = checkpoint;
  const cut: BootFinding = { kind: 'interrupted', by: 'power-cut' };
  // Every checkpoint of this step was made to outlive what it intends; the steps before intend nothing irreversible.
  if (step !== 'activate') return cut;
  switch (plan.kind) {
    case 'reboot':
      return { kind: 'succeeded' };
    case 'handlers':
      return { kind: 'interrupted', by: 'handler-interrupted' };
    case 'firmware':
      if (running.version === plan.version) return { kind: running.confirmed ? 'succeeded' : 'self-test' };
      return failedVersion === plan.version ? { kind: 'interrupted', by: 'rolled-back' } : cut;
  }
}

const firstPauseMs: DurationMs = 2000;
const longestPauseMs: DurationMs = 300_000;

/** Doubles from 2 s to 5 min; half of it is chance, so that a fleet does not come back in step. */
function growingPause(failures: number, chance: number): DurationMs {
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10));
  return Math.round(pauseMs * (0.5 + chance / 2));
}

/** 1 to 1024 characters, none of them a control character (reference limits.md §1, recovery-bugs.md R29). */
function cleanDetail(text: string): string {
  const clean = text.slice(0, maxStatusDetailValueLength).replaceAll(/\p{C}+/gu, ' ');
  return clean === '' ? '-' : clean;
}
