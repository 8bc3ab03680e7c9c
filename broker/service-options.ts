/** What a service may be told at its start, and what it is then: for whoever composes one, in one process or in several. */
import type { Duplex } from 'node:stream';
import type { FaultPlan } from '../faults/plan.ts';
import type { Observer } from '../observation/observation.ts';
import type { TransferListener } from '../protocol/transfers.ts';
import type { Advertised } from './addresses.ts';
import type { Clock } from './clock.ts';
import type { ServicePort } from './engine/port.ts';
import type { ProfileName } from './engine/profile.ts';
import type { DeviceGate } from './http/device-gate.ts';
import type { FileGate } from './http/http-door.ts';
import type { LivePage } from './live/page-run.ts';
import type { IdentityMode } from './mqtt/identity.ts';
import type { ConnectionTap } from './mqtt/mqtt-door.ts';
import type { WantedPort } from './net/listening.ts';
import type { ServiceEventListener } from './service-events.ts';
import type { FaultListener } from './service-faults.ts';
import type { Durability } from './store/sqlite-database.ts';

/** 0 takes a free port, a preferred one gives way to a free one where it is taken, `off` does not listen. */
export type PortOption = WantedPort | 'off';

export interface ServiceOptions {
  /** Interface to listen on; default 127.0.0.1. */
  readonly host?: string;
  readonly mqttPort?: PortOption;
  readonly mqttsPort?: PortOption;
  /** MQTT over WebSocket, at `/mqtt`. */
  readonly wsPort?: PortOption;
  /** MQTT over WebSocket over TLS; also MQTT without WebSocket, for who names it by ALPN or begins with it. */
  readonly wssPort?: PortOption;
  readonly httpPort?: PortOption;
  readonly httpsPort?: PortOption;
  /** HTTPS is spoken on the `wssPort`, as on AWS's port 443, and {@link httpsPort} is not asked for. */
  readonly board?: boolean;
  /** Part of every ARN; by default that which a caller signs for, and us-east-1 in what is kept. */
  readonly region?: string;
  /** Twelve digits, part of every ARN; default 000000000000. */
  readonly account?: string;
  /**
   * Which thing an MQTT client may act for; by default the one that its certificate names, without a certificate the first
   * that it speaks for.
   */
  readonly identity?: IdentityMode;
  /** How AWS is read where it is silent or contradicts itself; default `observed`. */
  readonly profile?: ProfileName;
  /** Keeps to AWS's rates and lead times, and refuses what only old clients do. */
  readonly strict?: boolean;
  /** How many packets a second are read of one MQTT connection, and requests of one HTTP connection, the others later; default 1000. */
  readonly packetsPerSecond?: number;
  /** Service seconds per real second, so that timeouts of minutes can be watched; default 1. */
  readonly timeScale?: number;
  /** Where everything is kept that was accepted, and the certificate authority; one process at a time. Default: in memory. */
  readonly dataDir?: string;
  /**
   * Where everything is kept instead: `postgres://user@host:5432/database`. The certificate authority stays in {@link dataDir}. One
   * service at a time leads on a database.
   */
  readonly database?: string;
  /** Where the certificate authority is when there is no {@link dataDir}, for processes that share one. Default: in memory. */
  readonly authorityDir?: string;
  /** What of it survives a power cut; a killed process loses nothing either way. Default `fsync`. */
  readonly durability?: Durability;
  /**
   * Secrets by access key id. When given, operators have to sign and devices to show a certificate of the rig's CA, or to
   * sign where they come by WebSocket; MQTT without TLS, which proves nothing, is `off`, and `identity` is not asked for.
   */
  readonly accessKeys?: Readonly<Record<string, string>>;
  /** Origins of web pages that may use the rig, e.g. `https://example.com`; default: only its own. */
  readonly allowedOrigins?: readonly string[];
  /** Directory that stands in for S3, one folder for each bucket; without it there is no S3. */
  readonly files?: string;
  /** How devices find the service; by default by the name or address by which each of them came last. */
  readonly advertise?: Advertised;
  /** What goes wrong with the service's answers and its clock, in service time since the start; default: nothing. */
  readonly faults?: FaultPlan;
  /** The same seed gives the same faults; default 1. */
  readonly seed?: number;
  /**
   * The service cannot go on: nothing can be kept any more, for want of room perhaps, or its engine failed, which is a bug.
   * Every request is refused from now on; close it. Default: a bug is thrown, uncaught.
   */
  readonly onFailure?: (error: unknown) => void;
  /** Told at the start what is odd about the state that is gone on with, in words for whoever started it. */
  readonly onWarning?: (warning: string) => void;
  /** Gives up waiting for a database, or for other processes, at the start, which then rejects with its reason. */
  readonly signal?: AbortSignal;
  /** What happens at the doors, from the start on. */
  readonly onEvent?: ServiceEventListener;
  /** Hears what devices do with signed URLs and streams. */
  readonly onTransfer?: TransferListener;
  /** Told what becomes of executions and of downloads, from the start on; {@link Service.observe} shows everything else, too. */
  readonly observer?: Observer;
  /** Makes another service clock of the usual one; for tests and scenarios. */
  readonly clockOf?: (steady: Clock) => Clock;
  /** Asked first for every request of a file; true: it has dealt with it. */
  readonly fileGate?: FileGate;
  /** Goes between each request of a device on the data plane and the service. */
  readonly deviceGate?: DeviceGate;
  /** Goes between each MQTT connection and the door; gets the stream and returns the one that the door reads. */
  readonly tap?: ConnectionTap;
  /**
   * Whether the last messages of each device are kept for the live page while nobody looks; default: what happens is watched
   * only as long as a page is open.
   */
  readonly keepsPage?: boolean;
}

/** A running service; the URL of what was turned `off` is absent. */
export interface Service {
  readonly mqttUrl?: string;
  readonly mqttsUrl?: string;
  readonly wsUrl?: string;
  readonly wssUrl?: string;
  readonly httpUrl?: string;
  readonly httpsUrl?: string;
  /** What TLS clients have to trust, PEM. */
  readonly ca: string;
  /** What devices have to know to verify firmware that the rig has signed, PEM; only with `files`. */
  readonly codeSigningCertificate?: string;
  /** Where {@link ca} lies; only with `dataDir`. */
  readonly caFile?: string;
  /** The service without a wire. */
  readonly port: ServicePort;
  /** Lets an MQTT client in by any stream, as on the plain port, past the tap. */
  acceptMqtt(stream: Duplex): void;
  /** MQTT clients connected now. */
  readonly connectedClients: number;
  /** Calls `hear` for whatever happens at the doors from now on. @returns ends it */
  onEvent(hear: ServiceEventListener): () => void;
  /**
   * Shows what is seen from now on: the wire (source `wire`), jobs, executions and downloads (`service`), calls (`operator`).
   * @returns ends it
   */
  observe(observer: Observer): () => void;
  /** The page at `GET /` of {@link httpUrl}, for a run that has something to say there. */
  readonly page: LivePage;
  /** Where the page is, for a browser; absent without HTTP. */
  readonly pageUrl?: string;
  /** Calls `hear` for each fault of the plan as it is injected. */
  onFault(hear: FaultListener): void;
  /** Lets what was asked be answered, then closes every socket and timer. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
