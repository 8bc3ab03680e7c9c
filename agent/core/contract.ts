/**
 * The one contract of the job agent: what happened and the time go in; what to keep and what to do comes out. The agent is
 * total, synchronous and without clock, chance or hardware. It starts one operation on the hardware at a time and hears of
 * its end as `done`; a change to its checkpoint is heard of as `kept` once it is durable. A new agent is made at each boot,
 * because everything but the checkpoint is gone by then.
 */
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { AgentTrace } from '../../observation/inside.ts';
import type { ExecutionIdentity, Step } from '../../observation/execution.ts';
import type { Capacity, FirmwareImage, Plan } from './plan.ts';

/** A terminal status to tell the service. */
export interface Report {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly details: Readonly<Record<string, string>>;
}

/** All that outlives a power cut. */
export interface Checkpoint {
  readonly execution: ExecutionIdentity;
  readonly versionNumber: number;
  readonly step: Step;
  readonly plan: Plan;
  /** Firmware: how much of the image is in the spare slot for certain. */
  readonly writtenBytes: number;
  /** Handlers: the one whose run was intended when this was written. */
  readonly handler?: number;
  /** The terminal status that the service has not taken yet. */
  readonly report?: Report;
}

/** What may go wrong with an operation. */
export type OperationFailure =
  'out-of-memory' | 'download-failed' | 'digest-mismatch' | 'storage-failed' | 'handler-failed' | 'self-test-failed';

/** What the agent has the hardware do. */
export type Operation =
  /** RAM for the received document, held until `release`. */
  | { readonly kind: 'reserve'; readonly bytes: number }
  | { readonly kind: 'release' }
  | { readonly kind: 'download'; readonly image: FirmwareImage; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'close-download' }
  /** Hashes what was downloaded; with the last segment, compares the image's digest. */
  | { readonly kind: 'verify'; readonly image: FirmwareImage; readonly offset: number; readonly bytes: number }
  /** Erases and programs the spare slot: its erases sector by sector, or all of the image's at its start in one go. */
  | {
      readonly kind: 'write';
      readonly image: FirmwareImage;
      readonly offset: number;
      readonly bytes: number;
      readonly erasesAhead: boolean;
    }
  /** Reads the spare slot back and compares its digest. */
  | { readonly kind: 'check'; readonly image: FirmwareImage }
  /** Tells the boot loader to try the spare slot at the next reset. */
  | { readonly kind: 'select'; readonly image: FirmwareImage; readonly version: string }
  /** Makes the spare slot unbootable, whatever is in it. */
  | { readonly kind: 'discard' }
  | { readonly kind: 'run'; readonly handler: string; readonly part: number; readonly durationMs: DurationMs }
  | { readonly kind: 'self-test' }
  /** Makes the running image the one to boot from now on. */
  | { readonly kind: 'confirm' }
  /** Boots; nothing of this agent is left. `asked` when the job itself is to reboot. */
  | { readonly kind: 'reset'; readonly asked: boolean };

export type OperationKind = Operation['kind'];

/** Operations that can be stopped midway; a flash operation cannot. */
export const abortable: ReadonlySet<OperationKind> = new Set(['download', 'verify', 'check', 'run', 'self-test']);

type WithoutPayload<Message> = Message extends unknown ? Omit<Message, 'payload'> : never;
/** A message that does not fit the receive buffer: only what its topic and length tell. */
export type OversizeMessage = WithoutPayload<DeviceMessage>;

export type IncomingMessage = DeviceMessage | OversizeMessage;

export type AgentInput =
  /** First of all, once. */
  | { readonly kind: 'booted' }
  | { readonly kind: 'connected' }
  /** What was asked for is subscribed to, but for what the service refused. */
  | { readonly kind: 'subscribed'; readonly refused: readonly string[] }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'message'; readonly message: DeviceMessage }
  | { readonly kind: 'oversize'; readonly message: OversizeMessage }
  /** The operation under way has ended. */
  | { readonly kind: 'done'; readonly failure?: OperationFailure }
  /** The checkpoint under way is durable. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'wake' };

export type AgentEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'subscribe'; readonly filters: readonly string[] }
  | { readonly kind: 'request'; readonly request: DeviceRequest }
  /** Starts an operation; `execution` is what it is done for, if for any. */
  | { readonly kind: 'operate'; readonly operation: Operation; readonly execution?: ExecutionIdentity }
  /** Stops the operation under way; its `done` will not come. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'trace'; readonly trace: AgentTrace };

/** What must be kept from now on; absent: nothing. */
export interface CheckpointChange {
  readonly checkpoint: Checkpoint | undefined;
}

export interface AgentOutcome {
  /** At most one, and only while no operation is under way. */
  readonly changes: readonly CheckpointChange[];
  readonly effects: readonly AgentEffect[];
}

/** What the hardware found when it booted. */
export interface BootFacts {
  /** How often the device has booted, this time included. */
  readonly boots: number;
  /** Crashes in a row, the last one just now: the watchdog bit, or the supply sagged. */
  readonly crashes: number;
  readonly running: { readonly version: string; readonly confirmed: boolean };
  /** The version that the boot loader gave up and rolled back from, if the spare slot holds such a one. */
  readonly failedVersion?: string;
  readonly checkpoint?: Checkpoint;
  readonly capacity: Capacity;
}

/** A stretch of an image that is downloaded, verified and written segment by segment, and how far that is. */
export interface Stretch {
  readonly image: FirmwareImage;
  /** Of the segment under way. */
  readonly offset: number;
  /** Not included: where the last of its segments ends. */
  readonly end: number;
  readonly segmentBytes: number;
  /** What is being done with the segment under way. */
  readonly doing: 'download' | 'verify' | 'write';
}

export interface Agent {
  apply(input: AgentInput, now: EpochMs): AgentOutcome;
  nextDeadline(): EpochMs | undefined;
  /** What it goes through, if nothing fails and nothing comes from outside, before it does more than trace its steps. */
  stretch(): Stretch | undefined;
  /** The execution at work and how far it is; absent when idle. */
  work(): { readonly execution: ExecutionIdentity; readonly step: Step } | undefined;
  /** Connected, and nothing to do until something arrives or a pause ends. */
  isIdle(): boolean;
}
