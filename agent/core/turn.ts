/**
 * What the agent remembers, as plain data, and one turn of it: the state, the time and the outcome being gathered. The files
 * of this room are functions over a turn; none keeps anything of its own. Volatile by nature: only checkpoints survive.
 */
import type { AgentTrace, PullSign } from '../../observation/inside.ts';
import type { DeviceRequest, DeviceRequestBody } from '../../protocol/device-messages.ts';
import type { EpochMs, EpochSeconds } from '../../protocol/time.ts';
import type { AgentBehaviour, SeenExecution } from './behaviour.ts';
import type {
  AgentEffect,
  BootFacts,
  Checkpoint,
  CheckpointChange,
  Operation,
  OperationKind,
  Report,
} from './contract.ts';
import type { ExecutionIdentity, Step } from '../../observation/execution.ts';
import type { Plan } from './plan.ts';
import type { Queue } from './queues.ts';
import type { Holding, Interruption, Resort } from './recovery.ts';

export interface AgentOptions {
  readonly thingName: string;
  /** Of the chance in pauses. */
  readonly seed: number;
  /** Job namespaces served besides the plain queue. */
  readonly namespaces: readonly string[];
  readonly behaviour: AgentBehaviour;
  readonly boot: BootFacts;
}

/** Why a request is made, with what its answer is needed for. */
export type Purpose =
  /** What is the head of this queue? Or, by name: what is in the document of this one, which seems not to fit? */
  | { readonly kind: 'ask'; readonly queue: Queue; readonly withDocument: boolean; readonly of?: SeenExecution }
  | { readonly kind: 'start'; readonly head: SeenExecution }
  /** REJECTED, or FAILED where it was started already. */
  | { readonly kind: 'refuse'; readonly head: SeenExecution; readonly reason: string }
  | { readonly kind: 'progress' }
  /** May we still do what cannot be undone? */
  | { readonly kind: 'permission' }
  /** Is the execution at work still ours? */
  | { readonly kind: 'describe' }
  | { readonly kind: 'report'; readonly report: Report };

/** The named points of a job between which something always happens first: an operation, a checkpoint or an answer. */
export type Stage =
  | 'reserve'
  | 'remember'
  | 'download'
  | 'verify'
  | 'write'
  | 'remember-progress'
  | 'close'
  | 'check'
  | 'intend'
  | 'permission'
  | 'select'
  | 'depart'
  | 'run'
  | 'reset'
  | 'self-test'
  | 'confirm'
  | 'remember-report'
  | 'report'
  | 'forget'
  | 'release';

export interface TokenRequest extends DeviceRequest {
  readonly body: DeviceRequestBody & { readonly clientToken: string };
}

/** The one request in flight, or waiting to be repeated. */
export interface PendingRequest {
  readonly purpose: Purpose;
  readonly request: TokenRequest;
  /** Of the execution at work, when it was first sent. */
  readonly stage: Stage | undefined;
  /** How often it went unanswered or was put off. */
  failures: number;
  /** In flight: when to stop waiting. Waiting: when to repeat it. */
  deadline: EpochMs;
  inFlight: boolean;
  /** What said meanwhile that the execution it is about is gone. */
  suspect?: PullSign;
  /** When a notification said meanwhile that there is something to ask for; an older answer is old news. */
  hintedAt?: EpochSeconds;
}

/** A suspicion that the execution at work is gone. */
export interface Doubt {
  /** What raised it; a new connection is itself no sign, its answer is. */
  readonly by: PullSign | 'connection';
  /** How to settle it: by the head of the queue or by the execution itself. */
  readonly ask: 'head' | 'own';
}

export interface Undoing {
  readonly interruption: Interruption;
  readonly remaining: Holding[];
  readonly next: Resort;
}

/** The execution at work. */
export interface Work {
  readonly execution: ExecutionIdentity;
  versionNumber: number;
  plan: Plan;
  /** Size of the document, for the memory it takes. */
  documentBytes: number;
  stage: Stage;
  /** The step last traced. */
  traced: Step | undefined;
  /** Firmware: how much of the image is in the spare slot, and how much of that the checkpoint knows. */
  writtenBytes: number;
  keptBytes: number;
  /** Of the last progress update that became due. */
  reachedPercent: number;
  /** The handler to run next. */
  handler: number;
  progressDue: boolean;
  doubt: Doubt | undefined;
  /** Not to go on before the doubt is settled. */
  held: boolean;
  /** An interruption that waits for the end of an operation that cannot be stopped. */
  interrupted: Interruption | undefined;
  undoing: Undoing | undefined;
  /** Gone, but past the point of no return: finish without a report. */
  orphaned: boolean;
  /** Self-test: the device's own part is passed; the service has answered. */
  tested: boolean;
  reached: boolean;
  selfTestEnds: EpochMs | undefined;
  report: Report | undefined;
}

export interface AgentState {
  link: 'down' | 'connecting' | 'subscribing' | 'up';
  linkFailures: number;
  /** Connections since the boot. */
  connections: number;
  /** Down: when to connect. Connecting, subscribing: when to stop waiting. */
  linkDeadline: EpochMs | undefined;
  request: PendingRequest | undefined;
  requestsMade: number;
  /** Queues whose head must be asked for. */
  unasked: Queue[];
  /** Not to ask before. */
  askAt: EpochMs | undefined;
  /** Queues in which a notification named something, and `$next` has not shown anything since. */
  promised: Set<Queue>;
  /** How often in a row `$next` was empty all the same. */
  emptyAnswers: number;
  /** Heads in a row that could not be started. */
  setbacks: number;
  work: Work | undefined;
  /** The execution that was dealt with last: a notification that names it is old news until `$next` says otherwise. */
  settled: ExecutionIdentity | undefined;
  /** The operation or checkpoint whose end is awaited. */
  busy: OperationKind | 'keep' | undefined;
  /** How often chance was drawn. */
  draws: number;
}

export function newState(): AgentState {
  return {
    link: 'down',
    linkFailures: 0,
    connections: 0,
    linkDeadline: undefined,
    request: undefined,
    requestsMade: 0,
    unasked: [],
    askAt: undefined,
    promised: new Set(),
    emptyAnswers: 0,
    setbacks: 0,
    work: undefined,
    settled: undefined,
    busy: undefined,
    draws: 0,
  };
}

export interface Turn {
  readonly options: AgentOptions;
  readonly behaviour: AgentBehaviour;
  readonly state: AgentState;
  now: EpochMs;
  changes: readonly CheckpointChange[];
  effects: AgentEffect[];
}

export const unchanged: readonly CheckpointChange[] = [];
/** Of a turn that has none yet. */
export const none: AgentEffect[] = [];

/** Most turns have an effect or two, and a list that is written out takes far less room than one that is pushed to. */
export function effect(turn: Turn, one: AgentEffect): void {
  const { effects } = turn;
  const [first] = effects;
  if (first === undefined) turn.effects = [one];
  else if (effects.length === 1) turn.effects = [first, one];
  else effects.push(one);
}

export function operate(turn: Turn, work: Work, operation: Operation): void {
  turn.state.busy = operation.kind;
  effect(turn, { kind: 'operate', operation, execution: work.execution });
}

export function keep(turn: Turn, checkpoint: Checkpoint | undefined): void {
  turn.state.busy = 'keep';
  turn.changes = turn.changes === unchanged ? [{ checkpoint }] : [...turn.changes, { checkpoint }];
}

export function trace(turn: Turn, entry: AgentTrace): void {
  effect(turn, { kind: 'trace', trace: entry });
}

/** Chance from [0, 1): a scramble of seed, boot and number of the draw, so that it needs no generator to be kept. */
function draw({ options, state }: Turn): number {
  state.draws += 1;
  let bits = Math.imul(options.seed ^ Math.imul(options.boot.boots, 0x9e37_79b9), 0x85eb_ca6b) + state.draws;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0_aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a_2d97);
  return ((bits ^ (bits >>> 15)) >>> 0) / 0x1_0000_0000;
}

export function pause(turn: Turn, failures: number): EpochMs {
  return turn.now + turn.behaviour.pauseMs(failures, draw(turn));
}
