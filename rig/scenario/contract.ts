/**
 * A scenario as data: what is given, what happens when, what must come of it. A file, a seed, the sweep, the demo and the
 * scenarios that come with jobrig all have this one form, and every world plays it: virtual time, our own fleet on sockets, a device of somebody
 * else. Jobs and things are named by labels (`update`, `canary`; `thing-1`), which a live world makes unique for each run.
 * In files the words of triggers and deeds are the same, in kebab case.
 */
import type { Kind, Observation } from '../../observation/observation.ts';
import type { Step } from '../../observation/execution.ts';
import type { Extent } from '../../faults/armed-faults.ts';
import type { LinkConditions } from '../../faults/link.ts';
import type { Direction, FaultPlan, MessageOperation, Operation } from '../../faults/plan.ts';
import type { DeviceStatus } from '../../protocol/status.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { ClaimId, EndStatus } from '../verdict/contract.ts';

/** The name of a job within a scenario. */
export type JobLabel = string;
/** The name of a thing within a scenario; the first is `thing-1`. */
export type ThingLabel = string;

export interface Scenario {
  /** Stable: reports, JUnit and the zoo name it. */
  readonly id: string;
  readonly version: number;
  /** What happens, and what a right device makes of it, in a sentence. */
  readonly claim: string;
  /** The claim of the verdict that this is about: a missed expectation counts to it. */
  readonly about: ClaimId;
  /** `place of the pull`, `queue`, …; for lists. */
  readonly theme?: string;
  /** Numbers of docs/recovery-bugs.md. */
  readonly catalog: readonly string[];
  /** What the world must offer beside what follows from triggers and deeds. */
  readonly needs: readonly Need[];
  readonly given: Given;
  /** One after the other: an entry waits for its trigger once the one before is done; without a trigger it is done at once. */
  readonly script: readonly Entry[];
  /** Each by itself, waiting from the start. */
  readonly meanwhile: readonly Entry[];
  readonly expect: readonly Expected[];
  readonly claims: 'all' | readonly ClaimId[];
  /** For readers of the file. */
  readonly notes?: string;
}

export interface Given {
  /** At least one. */
  readonly things: readonly GivenThing[];
  /** The document of a job that names none. */
  readonly document: JobDocument;
  /** Namespaces that the devices listen to, beside the plain topics. */
  readonly namespaces: readonly string[];
  /** Absent: the world's own (30 ms without jitter in virtual time). */
  readonly link?: LinkConditions;
  /** What goes wrong by chance; times are since the start. */
  readonly faults: FaultPlan;
  /** Of everything that is left to chance. */
  readonly seed: number;
  /** The device has so long to come to rest where the script waits for that; absent: the world's own. */
  readonly settleMs?: DurationMs;
  /** Virtual time: `text` encodes and decodes every message, as on a wire. Absent: `objects`. */
  readonly wire?: 'objects' | 'text';
  /** Virtual time: how closely the hardware is followed (docs/simulation.md). Absent: `operation`. */
  readonly grain?: 'operation' | 'sign';
}

export interface GivenThing {
  readonly thing: ThingLabel;
  /** Name of a hardware profile; absent: the world's own. Simulated devices only. */
  readonly hardware?: string;
  /** What the device asks for; absent: the device's own choice, `clean` for simulated ones. */
  readonly session?: 'clean' | 'persistent';
  /** The thing's name is filled up to so many characters. */
  readonly nameLength?: number;
}

export const documentKinds = [
  'firmware',
  /** The same by an MQTT stream of blocks, as FreeRTOS's OTA updates. */
  'stream',
  /** Two programs, one after the other. */
  'handlers',
  'reboot',
  /** For another agent. */
  'foreign',
  'unicode',
  /** Names an action by what no status detail may hold. */
  'unclean',
  /** 20 KiB: more than a small device's receive buffer. */
  'oversize',
] as const;
export type DocumentKind = (typeof documentKinds)[number];

/**
 * `yours`: what the device under check understands (`--document`), our firmware document for simulated devices. An object is the
 * document itself.
 */
export type JobDocument = 'yours' | DocumentKind | Readonly<Record<string, unknown>>;

export interface Entry {
  readonly when?: Trigger;
  /** Empty: the entry only waits. */
  readonly deeds: readonly Deed[];
}

/** Something that happened, for the `nth` time since the entry began to wait, and then so much later. */
export type Trigger = TriggerKind & {
  /** Absent: 1. */
  readonly nth?: number;
  readonly afterMs?: DurationMs;
  /** Absent: any thing of the scenario. */
  readonly thing?: ThingLabel;
};

export type TriggerKind =
  /** Is, or becomes. */
  | { readonly on: 'connected' | 'disconnected' }
  | { readonly on: 'sent'; readonly operation: Operation; readonly status?: DeviceStatus; readonly job?: JobLabel }
  | { readonly on: 'received'; readonly what: Arrival; readonly operation?: Operation; readonly job?: JobLabel }
  /** Acknowledged by the device (QoS 1). */
  | { readonly on: 'delivered'; readonly what: 'reply' | 'notify' | 'notify-next' }
  /** An execution has come to be in a status, or is gone (`DELETED`). */
  | { readonly on: 'execution'; readonly status: EndStatus; readonly job?: JobLabel }
  /** So much of the image has been asked for. */
  | { readonly on: 'downloaded'; readonly percent: number; readonly job?: JobLabel }
  /** The nth block of a stream. */
  | { readonly on: 'block'; readonly block: number }
  /** A line of the device's own log; `pattern` is a regular expression. In files: `console`. */
  | { readonly on: 'printed'; readonly pattern: string }
  /** Simulated devices only. `undo`: it begins to undo what it did for an execution that is gone. */
  | { readonly on: 'step'; readonly step: Step | 'undo'; readonly percent?: number; readonly job?: JobLabel }
  /** The device has come to rest, or its time for that is over. */
  | { readonly on: 'settled' }
  /** The device has said nothing for so long. */
  | { readonly on: 'idle'; readonly forMs: DurationMs }
  /** Since the start. Virtual time only. */
  | { readonly on: 'at'; readonly atMs: DurationMs };

export type Arrival = 'notify' | 'notify-next' | 'accepted' | 'rejected';

/** About one thing; absent: the first of the scenario. */
export interface OfThing {
  readonly thing?: ThingLabel;
}

export type Deed = OperatorDeed | WorldDeed;
export type DeedName = Deed['do'];
export type DeedOf<Name extends DeedName> = Extract<Deed, { readonly do: Name }>;

export type OperatorDeed =
  | CreateJobDeed
  | { readonly do: 'update-job'; readonly job: JobLabel; readonly timeoutMinutes: number }
  | { readonly do: 'cancel-job'; readonly job: JobLabel; readonly force: boolean }
  | { readonly do: 'delete-job'; readonly job: JobLabel; readonly force: boolean; readonly namespace?: string }
  | (OfThing & { readonly do: 'cancel-execution'; readonly job: JobLabel; readonly force: boolean })
  /** Of the newest execution where no number is given. */
  | (OfThing & {
      readonly do: 'delete-execution';
      readonly job: JobLabel;
      readonly force: boolean;
      readonly namespace?: string;
      readonly number?: number;
    })
  /** The group of all things of the scenario, which continuous jobs are for. `rejoin`: leaves it and joins it again. */
  | (OfThing & { readonly do: 'leave-group' | 'join-group' | 'rejoin-group' })
  | (OfThing & { readonly do: 'delete-thing' })
  /** The stream by which the image of this job comes. */
  | { readonly do: 'delete-stream'; readonly job: JobLabel };

export interface CreateJobDeed {
  readonly do: 'create-job';
  readonly job: JobLabel;
  /** Absent: the scenario's. */
  readonly document?: JobDocument;
  /** Documents of one kind and different editions differ: version, digest, arguments. Absent: told from the label. */
  readonly edition?: number;
  /** How the image behind the document is. Absent: good. */
  readonly image?: ImageCondition;
  /** Absent: the world's own. */
  readonly imageBytes?: number;
  readonly namespace?: string;
  /** A continuous job for the group of all things. */
  readonly group?: true;
  /** Absent: all things of the scenario. */
  readonly things?: readonly ThingLabel[];
  /** IN_PROGRESS may last so long (`timeoutConfig`). */
  readonly timeoutMinutes?: number;
  /** The service makes a new execution of one that FAILED or TIMED_OUT, so often (`jobExecutionsRetryConfig`). */
  readonly retries?: { readonly failed?: number; readonly timedOut?: number };
  /** The job ends by itself so much later (`schedulingConfig`). */
  readonly ends?: { readonly afterMs: DurationMs; readonly behavior: 'STOP_ROLLOUT' | 'CANCEL' | 'FORCE_CANCEL' };
  /** The image's address is signed and holds so long (`presignedUrlConfig`). */
  readonly presignedMs?: DurationMs;
}

export const imageConditions = [
  'good',
  /** The server does not have it. */
  'missing',
  /** Not the bytes that the document's digest is of. */
  'corrupt',
  /** Does not pass the device's self-test. */
  'failing',
  /** Stops in the middle and does not end. */
  'stall',
  /** The address is refused from the middle on. */
  'expire',
] as const;
export type ImageCondition = (typeof imageConditions)[number];

export type WorldDeed =
  | (OfThing & { readonly do: 'power'; readonly offForMs: DurationMs })
  /** `drop`: the connection breaks. `partition`: nothing gets through and neither side notices. */
  | (OfThing & { readonly do: 'link'; readonly how: 'drop' | 'partition'; readonly forMs: DurationMs })
  | (OfThing &
      Extent & {
        readonly do: 'message';
        readonly how: 'lose' | 'duplicate' | 'delay' | 'reorder';
        readonly direction: Direction;
        /** Of requests and replies; absent: all. */
        readonly operations?: readonly MessageOperation[];
        /** `duplicate`, `delay`: how much later. */
        readonly byMs?: DurationMs;
      })
  | (OfThing &
      Extent & {
        readonly do: 'service';
        /** `refuse`: with this code. `empty-next`: as if nothing were pending. */
        readonly how: 'throttle' | 'error' | 'late' | 'twice' | 'never' | 'empty-next' | 'refuse';
        readonly code?: string;
        readonly operations?: readonly Operation[];
        /** `late`: how much. */
        readonly byMs?: DurationMs;
      })
  | { readonly do: 'restart-service'; readonly forMs: DurationMs }
  | (OfThing & Extent & { readonly do: 'connect' | 'subscribe'; readonly how: 'never-answer' | 'refuse' })
  /** The service forgets the device's session. */
  | (OfThing & { readonly do: 'session'; readonly how: 'lose' })
  | (OfThing & { readonly do: 'clock'; readonly of: 'device' | 'service'; readonly jumpMs: DurationMs })
  | (OfThing & { readonly do: 'battery'; readonly dropMv: number; readonly forMs: DurationMs })
  /** From now on, for the images of this job. */
  | { readonly do: 'image'; readonly job: JobLabel; readonly condition: ImageCondition }
  | (OfThing & { readonly do: 'second-client'; readonly act: SecondClientAct })
  | (OfThing & { readonly do: 'memory'; readonly how: 'lose' | 'tear'; readonly what: 'checkpoint' | 'loader-record' })
  /** Every fault ends, those of `given.faults` too, and what of `meanwhile` still waits does not happen any more. */
  | { readonly do: 'end-faults' };

/** What another client does in the thing's name. */
export type SecondClientAct =
  /** Connects under the device's client id, which ends the device's connection; leaves again when `forMs` is over. */
  | { readonly act: 'take-over'; readonly forMs: DurationMs }
  | { readonly act: 'start-next' }
  /** Of the device's newest execution of this job. */
  | { readonly act: 'update'; readonly job: JobLabel; readonly status: DeviceStatus };

export interface Expected {
  readonly job: JobLabel;
  /** Absent: every thing that the job is for. */
  readonly thing?: ThingLabel;
  /** Of the last execution under this label; one of them. */
  readonly status: readonly EndStatus[];
  /** From the creation of the execution. */
  readonly withinMs?: DurationMs;
  /** Judged where the inside or a witness shows it. */
  readonly sideEffects?: 'once' | 'none';
  /** What runs at the end: the firmware of this job, or what ran before it. */
  readonly version?: 'new' | 'old';
}

/** What a device or a world must offer for a scenario; where it is missing, the scenario is skipped with the reason. */
export const needs = [
  'power',
  'link',
  'message-faults',
  'service-faults',
  'session-faults',
  'persistent-session',
  'download',
  'image',
  'stream',
  'document',
  'namespace',
  'group',
  'second-client',
  'service-clock',
  'service-restart',
  'device-clock',
  'battery',
  'memory',
  'console',
  'reboots',
  'steps',
  'view',
  'virtual-time',
] as const;
export type Need = (typeof needs)[number];

/** What a world offers, and why not where it does not. */
export interface Offer {
  readonly has: ReadonlySet<Need>;
  /** In words, e.g. `no power control (--power-off, --power-on)`. */
  readonly whyNot?: Readonly<Partial<Record<Need, string>>>;
}

/** The names that a world has given to the labels. */
export interface Names {
  readonly thingName: (thing: ThingLabel) => string;
  readonly jobId: (job: JobLabel) => string;
}

/** What a driver tells beside observations: the scenario begins; the device has come to rest, or its time for that is over. */
export type DirectorInput = Observation | { readonly kind: 'start' } | { readonly kind: 'settled' };

/**
 * Plays a scenario: takes what was seen and says what is to be done, in order; the driver does it. Labels stand in deeds as
 * they are; observations carry the world's names. Total and without effects of its own.
 */
export interface Director {
  /** Kinds of observations that may move it at any time: all that its entries may ever wait for. */
  readonly hears: ReadonlySet<Kind>;
  /** Kinds of observations that may move it now; others need not be told. Changes with every deed. */
  readonly listensTo: ReadonlySet<Kind>;
  apply(input: DirectorInput, now: EpochMs): readonly Deed[];
  /** `wake` is due then. */
  nextDeadline(): EpochMs | undefined;
  wake(now: EpochMs): readonly Deed[];
  /** The driver owes a `settled`. */
  awaitsSettled(): boolean;
  /** Everything is done, and the device has come to rest after it. */
  isOver(): boolean;
  progress(): Progress;
}

export interface Progress {
  /** Entries of the script that are done, and all of them. */
  readonly done: number;
  readonly of: number;
  /** What the script waits for, in words. */
  readonly awaits?: string;
}
