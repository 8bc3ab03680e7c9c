/**
 * The recovery table: for every step and everything that can happen in it, what to undo, what to keep and where to go. It
 * is the specification of the agent's recovery; recover.ts only carries it out, in the order written here.
 *
 * The point of no return is the reboot into the new image. Before it a pulled job is undone. After it there is no way back
 * to before, so the device finishes: it tests the image and confirms it, or rolls back, and ends with exactly one confirmed
 * image either way; then nothing is reported, because nobody is there to be told. What cannot happen in a step has a row
 * all the same, with the answer that is safe. Source: docs/recovery.md (V1–V10), recovery-bugs.md B1, B4 and B5.
 */
import type { Step } from '../../observation/execution.ts';

/** What an execution holds on the device. */
export type Holding =
  /** A handler that is running. */
  | 'handler'
  /** The open download. */
  | 'download'
  /** RAM for the document. */
  | 'memory'
  /** What is in the spare slot, and the boot loader's order to try it. */
  | 'slot'
  | 'checkpoint';

/** Ways to fail by oneself. */
const failures = [
  'out-of-memory',
  'download-failed',
  'digest-mismatch',
  'storage-failed',
  'handler-failed',
  /** Found at boot: a handler may have run, wholly or in part. */
  'handler-interrupted',
  'self-test-failed',
  /** Found at boot: the boot loader gave the new image up. */
  'rolled-back',
] as const;
type Failure = (typeof failures)[number];

export const interruptions = [
  /** The execution was deleted, canceled, timed out or replaced. */
  'pulled',
  /** Found at boot: the power was gone, nothing irreversible was under way. */
  'power-cut',
  'link-lost',
  /** The service refuses an update for good, for another reason than that the execution is gone. */
  'refused',
  ...failures,
] as const;
export type Interruption = (typeof interruptions)[number];

export type Resort =
  /** Forget the execution and ask for the next one. */
  | 'next-job'
  /** Ask the service whether the execution is still ours, then go on from the checkpoint. */
  | 'resume'
  /** Tell the service FAILED with the reason. */
  | 'report-failed'
  /** Go on to one confirmed image, then forget the execution without a report. */
  | 'finish'
  /** Reset without confirming: the boot loader returns to the old image. */
  | 'roll-back';

export interface Recovery {
  readonly undo: readonly Holding[];
  readonly keep: readonly Holding[];
  readonly next: Resort;
}

type Row = Readonly<Record<Interruption, Recovery>>;
export type RecoveryTable = Readonly<Record<Step, Row>>;

/** What an execution may hold in each step; a cell undoes or keeps each of these. What is volatile, a power cut takes. */
export const holdings: Readonly<Record<Step, readonly Holding[]>> = {
  receive: ['memory', 'slot', 'checkpoint'],
  download: ['download', 'memory', 'slot', 'checkpoint'],
  verify: ['download', 'memory', 'slot', 'checkpoint'],
  write: ['download', 'memory', 'slot', 'checkpoint'],
  activate: ['handler', 'memory', 'slot', 'checkpoint'],
  reboot: ['slot', 'checkpoint'],
  'self-test': ['slot', 'checkpoint'],
  confirm: ['slot', 'checkpoint'],
  report: ['memory', 'checkpoint'],
};

/** The same answer to every way to fail by oneself. */
function failing(recovery: Recovery): Readonly<Record<Failure, Recovery>> {
  return Object.fromEntries(failures.map((failure) => [failure, recovery])) as Record<Failure, Recovery>;
}

// The checkpoint is undone last: a power cut during the undoing finds it, and the undoing starts again.

/** No handler has run; part of the image is there only if the job was resumed after a power cut. */
const receiving: Row = {
  pulled: { undo: ['memory', 'slot', 'checkpoint'], keep: [], next: 'next-job' },
  'power-cut': { undo: [], keep: ['memory', 'slot', 'checkpoint'], next: 'resume' },
  'link-lost': { undo: [], keep: ['memory', 'slot', 'checkpoint'], next: 'resume' },
  refused: { undo: ['memory', 'slot'], keep: ['checkpoint'], next: 'report-failed' },
  ...failing({ undo: ['memory', 'slot'], keep: ['checkpoint'], next: 'report-failed' }),
};

/** The image comes in segment by segment; what is written stays good for a resumed download. */
const transferring: Row = {
  pulled: { undo: ['download', 'memory', 'slot', 'checkpoint'], keep: [], next: 'next-job' },
  'power-cut': { undo: [], keep: ['download', 'memory', 'slot', 'checkpoint'], next: 'resume' },
  'link-lost': { undo: ['download'], keep: ['memory', 'slot', 'checkpoint'], next: 'resume' },
  refused: { undo: ['download', 'memory', 'slot'], keep: ['checkpoint'], next: 'report-failed' },
  ...failing({ undo: ['download', 'memory', 'slot'], keep: ['checkpoint'], next: 'report-failed' }),
};

/** The image is whole but does not run yet, or handlers run. The last step in which a pull is undone. */
const activating: Row = {
  pulled: { undo: ['handler', 'memory', 'slot', 'checkpoint'], keep: [], next: 'next-job' },
  'power-cut': { undo: [], keep: ['handler', 'memory', 'slot', 'checkpoint'], next: 'resume' },
  'link-lost': { undo: [], keep: ['handler', 'memory', 'slot', 'checkpoint'], next: 'resume' },
  refused: { undo: ['handler', 'memory', 'slot'], keep: ['checkpoint'], next: 'report-failed' },
  ...failing({ undo: ['handler', 'memory', 'slot'], keep: ['checkpoint'], next: 'report-failed' }),
};

/** Past the point of no return: the new image runs, or is about to. */
const activated: Row = {
  pulled: { undo: [], keep: ['slot', 'checkpoint'], next: 'finish' },
  'power-cut': { undo: [], keep: ['slot', 'checkpoint'], next: 'resume' },
  'link-lost': { undo: [], keep: ['slot', 'checkpoint'], next: 'resume' },
  refused: { undo: [], keep: ['slot', 'checkpoint'], next: 'finish' },
  ...failing({ undo: [], keep: ['slot', 'checkpoint'], next: 'roll-back' }),
  'rolled-back': { undo: ['slot'], keep: ['checkpoint'], next: 'report-failed' },
};

/** All is done but the telling: the report is kept until the service takes it or refuses it for good. */
const reporting: Row = {
  pulled: { undo: ['memory', 'checkpoint'], keep: [], next: 'next-job' },
  'power-cut': { undo: [], keep: ['memory', 'checkpoint'], next: 'resume' },
  'link-lost': { undo: [], keep: ['memory', 'checkpoint'], next: 'resume' },
  refused: { undo: ['memory', 'checkpoint'], keep: [], next: 'next-job' },
  ...failing({ undo: ['memory'], keep: ['checkpoint'], next: 'report-failed' }),
};

export const recoveryTable: RecoveryTable = {
  receive: receiving,
  download: transferring,
  verify: transferring,
  write: transferring,
  activate: activating,
  reboot: activated,
  'self-test': activated,
  confirm: activated,
  report: reporting,
};

/** What a failed execution gives as its reason. */
export const reasons: Readonly<Record<Interruption, string>> = {
  pulled: 'The execution is gone',
  'power-cut': 'The power was cut',
  'link-lost': 'The connection was lost',
  refused: 'The service refused an update',
  'out-of-memory': 'Not enough memory',
  'download-failed': 'The image cannot be downloaded',
  'digest-mismatch': 'The image does not have the digest that the document names',
  'storage-failed': 'The flash cannot be written',
  'handler-failed': 'A handler failed',
  'handler-interrupted': 'A handler was interrupted by a reboot and is not run again',
  'self-test-failed': 'The new image failed its self-test',
  'rolled-back': 'The new image did not pass its self-test; the old one runs again',
};
