/**
 * What was seen: the one type that the station, the doors, the file server, the operator and the host's own watch emit.
 * Timelines, progress, triggers, metrics, the live page's feed, the trace hash and the verdict are folds over this stream.
 * A claim judges one point of view at a time: the station's where there is one, the door's for a device of somebody else.
 */
import type { DeviceMessage, DeviceRequest } from '../protocol/device-messages.ts';
import type { JobExecutionStatus, JobStatus } from '../protocol/status.ts';
import type { DurationMs, EpochMs } from '../protocol/time.ts';
import type { ExecutionIdentity } from './execution.ts';
import type { DeviceTrace, DeviceView } from './inside.ts';

/** Who saw it: the device itself, the service's doors, its engine, who operates it, or the machine that runs the rig. */
export type Source = 'device' | 'wire' | 'service' | 'operator' | 'host';

/** One filter of a SUBSCRIBE and what came of it. */
export interface GrantedFilter {
  readonly filter: string;
  /** Absent: refused. */
  readonly qos?: 0 | 1;
}

/** How a connection ended, as far as can be told. */
export type ConnectionEnd = 'by-device' | 'lost' | 'keep-alive' | 'taken-over' | 'by-service';

/** What a connection says of its client, as a door sees it. */
export interface ClientPortrait {
  readonly clientId: string;
  readonly protocol: 'MQTT 3.1' | 'MQTT 3.1.1' | 'MQTT 5';
  readonly cleanSession: boolean;
  readonly keepAliveSeconds: number;
  readonly hasWill: boolean;
  /** What it proved of itself: nothing on a door without certificates. */
  readonly proof: 'none' | 'certificate' | 'signature';
}

/** What each kind of observation tells, beside when, by whom and about which thing. */
export interface Seen {
  // The wire, seen by the station (source `device`) or by a door (source `wire`).
  /** An attempt to connect begins. */
  connecting: object;
  connected: { readonly sessionPresent: boolean; readonly client?: ClientPortrait };
  /** A client is this thing from now on: the first that it has spoken for, on a door without certificates. */
  identified: { readonly clientId: string };
  /** CONNECT was refused or never answered. */
  'connect-failed': { readonly reason: string; readonly clientId?: string };
  disconnected: { readonly end: ConnectionEnd; readonly reason?: string };
  subscribed: { readonly filters: readonly GrantedFilter[] };
  unsubscribed: { readonly filters: readonly string[] };
  /** The device asks for something of the Jobs API. */
  sent: { readonly request: DeviceRequest; readonly via: 'mqtt' | 'http'; readonly qos?: 0 | 1 };
  /** A reply or notification of the Jobs API: has reached the station before its board sees it, or leaves a door. */
  received: { readonly message: DeviceMessage };
  /** The device has acknowledged such a message (QoS 1). */
  delivered: { readonly message: DeviceMessage };
  /**
   * A request, a reply or a notification of the Jobs API as it was written, unread: for who keeps much and reads little. Comes
   * beside `sent` and `received`, and for what is no request at all.
   */
  written: { readonly to: 'service' | 'device'; readonly topic: string; readonly text: string };
  /** Any other message of the device, e.g. its shadow. `text` where the payload is text of at most 4 KiB. */
  published: { readonly topic: string; readonly bytes: number; readonly text?: string };
  /** Something of the device's was refused by a door; in words, with what to do. */
  refused: { readonly what: 'subscribe' | 'publish' | 'request'; readonly topic: string; readonly reason: string };
  pinged: object;

  // The device.
  traced: { readonly trace: DeviceTrace };
  /** The inside may have changed; `view` is asked only by who wants it. */
  moved: { readonly view: () => DeviceView };
  power: { readonly on: boolean };
  /** A call into the simulated device did not return and was cut: from now on it does nothing. `after`: what it was given. */
  hung: { readonly after: string };
  program:
    | { readonly event: 'started'; readonly pid: number }
    | {
        readonly event: 'exited';
        readonly code: number | null;
        readonly signal: string | null;
        readonly byRig: boolean;
      };
  printed: { readonly stream: 'stdout' | 'stderr' | 'console'; readonly line: string };
  /** The firmware's own word that an effect happened, by its hook. */
  witness: {
    readonly effect: string;
    readonly version?: string;
    readonly jobId?: string;
    readonly executionNumber?: number;
  };
  /** A version that the device reports by its shadow. */
  'reported-version': { readonly version: string };

  // The service.
  /** A job was made, is in another status, or is gone. */
  job: {
    readonly jobId: string;
    readonly status: JobStatus | 'DELETED';
    readonly by: 'device' | 'operator' | 'service';
  };
  /** An execution was made, has changed, or is gone; `statusDetails` as they are now. */
  execution: {
    readonly execution: ExecutionIdentity;
    readonly status: JobExecutionStatus | 'DELETED';
    readonly versionNumber: number;
    readonly statusDetails?: Readonly<Record<string, string>>;
    readonly by: 'device' | 'operator' | 'service';
    /** By force: a pull. */
    readonly force?: boolean;
  };
  /** Bytes of an image asked for, over a URL or stream that belongs to one execution. */
  download: {
    readonly jobId: string;
    readonly executionNumber?: number;
    readonly fromByte: number;
    /** Asked for; of a transfer that ended, handed over. */
    readonly bytes: number;
    /** Of the whole image, where it is known. */
    readonly totalBytes?: number;
    /** Numbers of the blocks of a stream. */
    readonly blocks?: readonly number[];
    /** `asked` first; then how it went. */
    readonly state: 'asked' | 'finished' | 'given-up';
    readonly via: 'http' | 'stream';
  };

  // The operator.
  /** A control-plane call and its outcome: `ok`, or the name of the exception. */
  called: {
    readonly operation: string;
    readonly jobId?: string;
    readonly force?: boolean;
    readonly outcome: string;
    readonly startedAt: EpochMs;
  };

  // The host and what it injects.
  /** A fault was injected, e.g. `power-cut`, `reply lost`, `service twice`. */
  fault: { readonly name: string; readonly operation?: string };
  /** The rig itself ran late by so much. */
  lag: { readonly behindMs: DurationMs };
}

export type Kind = keyof Seen;

export type ObservationOf<K extends Kind> = {
  readonly [Each in K]: Seen[Each] & {
    readonly kind: Each;
    readonly at: EpochMs;
    readonly source: Source;
    /** Absent: it concerns no thing in particular. */
    readonly thingName?: string;
  };
}[K];

export type Observation = ObservationOf<Kind>;

/**
 * Who looks: one callback for each kind of interest. Whoever emits builds an observation only if somebody looks at its kind, so
 * that what nobody looks at costs nothing. No observer can change what happens.
 */
export type Observer = { readonly [K in Kind]?: (seen: ObservationOf<K>) => void };
