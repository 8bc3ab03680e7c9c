/**
 * The inside of a simulated device, for claims that the wire cannot show: what its agent traces as it works, and a snapshot
 * of agent and hardware together. A real board gives none of this; claims that need it then conclude `not-observed`.
 * Plain data, so that it can be kept in a run's file and drawn on a page.
 */
import type { DurationMs } from '../protocol/time.ts';
import type { ExecutionIdentity, Step } from './execution.ts';

/** What told an agent that its execution is gone. */
export type PullSign = 'notify' | 'notify-next' | 'rejected' | 'empty-next' | 'other-next';

/** For progress, timelines and triggers; nothing depends on it. */
export type AgentTrace =
  | { readonly kind: 'step'; readonly step: Step; readonly execution: ExecutionIdentity; readonly percent: number }
  /** The agent learnt that its execution is gone. */
  | { readonly kind: 'pulled'; readonly step: Step; readonly execution: ExecutionIdentity; readonly by: PullSign }
  /** It has undone or finished what the pull left behind. */
  | { readonly kind: 'recovered'; readonly execution: ExecutionIdentity }
  /** The service has taken a terminal status. */
  | { readonly kind: 'finished'; readonly execution: ExecutionIdentity; readonly status: string }
  | { readonly kind: 'note'; readonly text: string };

export type CrashCause = 'watchdog' | 'brown-out';

export type DeviceTrace =
  | AgentTrace
  | { readonly kind: 'boot'; readonly version: string; readonly boots: number }
  /** The device reset itself, in the middle of whatever it was. */
  | { readonly kind: 'crash'; readonly cause: CrashCause }
  /** It asks the image's server for bytes. */
  | {
      readonly kind: 'download';
      readonly execution: ExecutionIdentity;
      readonly fromByte: number;
      readonly bytes: number;
      readonly totalBytes: number;
      /** Where they come by a stream. */
      readonly blocks?: readonly number[];
    }
  | { readonly kind: 'asleep' }
  | { readonly kind: 'awake'; readonly sleptMs: DurationMs };

export type SlotState = 'empty' | 'partial' | 'ready' | 'pending-verify' | 'confirmed' | 'invalid';

export interface SlotView {
  readonly version: string | undefined;
  readonly state: SlotState;
}

/** Bytes that were asked of the image's server for one execution; what came twice counts twice. */
export interface Download {
  readonly bytes: number;
  readonly imageBytes: number;
}

/** Where a board gives it, what was done is looked up when it is asked for: who keeps or sends a view makes it {@link plainView}. */
export interface DeviceView {
  readonly powered: boolean;
  readonly connected: boolean;
  readonly step: Step | 'idle';
  readonly execution: ExecutionIdentity | undefined;
  readonly runningVersion: string;
  readonly slots: readonly SlotView[];
  readonly activeSlot: number;
  readonly ram: { readonly usedBytes: number; readonly budgetBytes: number };
  readonly openDownload: boolean;
  /** Erases of the slots in all; `wear`: erases of the sector that was erased most. */
  readonly flash: { readonly erases: number; readonly wear: number };
  /** What non-volatile memory holds of a job, decoded; absent when nothing. */
  readonly checkpoint: object | undefined;
  readonly boots: number;
  /** How often the side effect of each execution happened, by `jobId#executionNumber@queuedAt`. */
  readonly sideEffects: Readonly<Record<string, number>>;
  /** Which parts of each execution were done: `image`, `reboot`, or a handler by its place from 0; by the same key. */
  readonly partsDone: Readonly<Record<string, readonly string[]>>;
  /** By the same key. */
  readonly downloads: Readonly<Record<string, Download>>;
}

export function plainView(view: DeviceView): DeviceView {
  const { sideEffects, partsDone, downloads } = view;
  return { ...view, sideEffects, partsDone, downloads };
}
