/**
 * The whole service in one process: engine, runtime, certificates, an MQTT door and an HTTP door, started together and
 * closed together. Composes and holds no rule. This is what `jobrig serve` runs and what tests start by the dozen, so every
 * port is free by default and nothing is written unless a directory is given.
 */
import { isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FaultPlan } from '../faults/plan.ts';
import type { TransferListener } from '../protocol/transfers.ts';
import type { Observer } from '../observation/observation.ts';
import { type Advertised, createAddresses } from './addresses.ts';
import { createCertificateIssuer } from './certificate-issuer.ts';
import type { EpochMs } from '../protocol/time.ts';
import { openCertificateAuthority } from './certificates.ts';
import { rememberDirectory } from './data-directory.ts';
import { type Clock, scaledClock } from './clock.ts';
import type { Change, Engine } from './engine/contract.ts';
import type { ExecutionRow } from './engine/rows.ts';
import { openCodeSigner } from './code-signing.ts';
import { handledOperations } from './engine/dispatch.ts';
import { createEngine } from './engine/engine.ts';
import type { ServicePort } from './engine/port.ts';
import { type ProfileName, profiles } from './engine/profile.ts';
import { certificateNames, endpointsOf, localHostOf } from './endpoints.ts';
import { observeDownloads } from './download-observations.ts';
import { type ExecutionChanges, createExecutionChanges } from './engine/execution-changes.ts';
import { openFiles } from './http/files.ts';
import type { DeviceGate } from './http/device-gate.ts';
import { type FileGate, type HttpDoor, openHttpDoor } from './http/http-door.ts';
import { createSignatureCheck } from './http/signatures.ts';
import { type KeptState, openKeptState, stateInMemory } from './kept-state.ts';
import { type OpenedPage, openPage } from './live/open-page.ts';
import type { LivePage } from './live/page-run.ts';
import type { MqttDoorEvent } from './mqtt/door-events.ts';
import { Watchers } from '../observation/watchers.ts';
import { type ServiceEventListener, ServiceEvents, observeEvents } from './service-events.ts';
import { type IdentityMode, everyThing, noThing, undecided } from './mqtt/identity.ts';
import { type ConnectionTap, openMqttDoor } from './mqtt/mqtt-door.ts';
import { provisioningAnswerer } from './mqtt/provisioning-requests.ts';
import { doorReadings } from './mqtt/readings.ts';
import type { WantedPort } from './net/listening.ts';
import { SocketBudget } from './net/socket-budget.ts';
import { type WebRules, objectionToWeb, parseHost } from './net/web-guard.ts';
import { createRuntime } from './runtime.ts';
import { type FaultListener, injectFaults, jumping } from './service-faults.ts';
import { openSigningKey } from './signing-key.ts';
import { streamAnswerer } from './stream-answerer.ts';
import { throttled } from './throttling.ts';
import { unresolvablePlaceholders } from './unresolvable-placeholders.ts';
import type { Durability } from './store/sqlite-store.ts';

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
  /** How many packets a second are read of one MQTT connection, the others later; default 1000, ten times AWS's. */
  readonly packetsPerSecond?: number;
  /** Service seconds per real second, so that timeouts of minutes can be watched; default 1. */
  readonly timeScale?: number;
  /** Where everything is kept that was accepted, and the certificate authority; one process at a time. Default: in memory. */
  readonly dataDir?: string;
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

/** @throws OperationalError when a port or the directory cannot be used; nothing is left running, or behind, then. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const undo = options.dataDir === undefined ? () => {} : rememberDirectory(options.dataDir);
  try {
    return await start(options);
  } catch (error) {
    undo();
    throw error;
  }
}

async function start(options: ServiceOptions): Promise<Service> {
  const { host = '127.0.0.1', region = 'us-east-1', account = '000000000000', timeScale, dataDir, advertise } = options;
  const { mqttPort, mqttsPort, wsPort, wssPort, httpPort, httpsPort, board = false, identity } = options;
  const { durability, onFailure } = options;
  const events = new ServiceEvents();
  const watchers = new Watchers();
  if (options.onEvent !== undefined) events.add(options.onEvent);
  const { execution, download } = options.observer ?? {};
  watchers.add({ ...(execution && { execution }), ...(download && { download }) });
  const whoHears: FaultListener[] = [];
  const onFault: FaultListener = (fault, thingName) => {
    for (const hear of whoHears) hear(fault, thingName);
  };
  const fault = options.faults && { plan: options.faults, seed: options.seed ?? 1, onFault };
  const clockOf = (steady: Clock): Clock => {
    const own = options.clockOf?.(steady) ?? steady;
    return fault ? jumping(own, fault) : own;
  };
  const serviceIdentity = { region, account };
  const state =
    dataDir === undefined
      ? stateInMemory({ timeScale, clockOf })
      : openKeptState({
          directory: dataDir,
          identity: serviceIdentity,
          durability,
          timeScale,
          clockOf,
          onFailure: onFailure ?? (() => {}),
        });

  if (dataDir !== undefined) warnOfClock(state, dataDir, options.onWarning);

  /** Filled in when the doors are open. */
  let endpoints: Readonly<Record<string, string>> = {};
  let httpPorts: HttpDoor['ports'] = {};
  const addresses = createAddresses({
    ...(advertise && { advertised: advertise }),
    localHost: localHostOf(host),
    ports: () => httpPorts,
  });
  const closers: (() => Promise<void> | void)[] = [() => state.close()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const onTransfer = transferListener(watchers, options.onTransfer, () => runtime.now());
    const authority = await openCertificateAuthority(dataDir ?? 'memory');
    const issuer = createCertificateIssuer(authority);
    const server = await authority.issueServerCertificate(certificateNames(host, advertise?.host));
    const signer = options.files === undefined ? undefined : await openCodeSigner(dataDir ?? 'memory', authority);
    const files =
      options.files === undefined || signer === undefined
        ? undefined
        : await openFiles({
            directory: options.files,
            signImage: signer.sign,
            key: await openSigningKey(dataDir ?? 'memory'),
            region,
            now: () => runtime.now(),
            baseUrl: addresses.originFor,
            onTransfer,
          });
    const engine = state.restore((rows) =>
      createEngine({
        identity: serviceIdentity,
        rows,
        profile: profiles[options.profile ?? 'observed'],
        strict: options.strict,
        resolveDocument: files?.resolveDocument,
        whyUnresolvable: unresolvablePlaceholders(files !== undefined),
      }),
    );
    let executionChanges: ExecutionChanges | undefined;
    const executionStatuses = new Map<string, number>();
    /** From when somebody looks at what becomes of jobs: until then nothing has to be remembered. */
    const lookAtJobs = (observer: Observer): void => {
      if (observer.execution === undefined && observer.job === undefined) return;
      const all: Observer = {
        job: (seen) => watchers.observer.job?.(seen),
        execution: (seen) => watchers.observer.execution?.(seen),
      };
      executionChanges ??= createExecutionChanges(all, engine.rows());
    };
    lookAtJobs(watchers.observer);
    const runtime = createRuntime({
      engine: options.strict ? throttled(engine) : engine,
      clock: state.clock,
      journal: state.journal,
      onFailure,
      tellChanges(command, changes, at) {
        countStatuses(changes, executionStatuses);
        executionChanges?.tell(command, changes, at);
      },
    });
    closers.push(() => runtime.close());
    events.observeBy(observeEvents(watchers, () => runtime.now()));
    const steady = scaledClock(timeScale);
    const faults = fault && injectFaults({ ...fault, clock: options.clockOf?.(steady) ?? steady });
    closers.push(() => faults?.close());
    const port = runtime;
    const observe = (observer: Observer): (() => void) => {
      const stop = watchers.add(observer);
      lookAtJobs(observer);
      return stop;
    };
    const page: OpenedPage = openPage({
      port,
      observe,
      scope: serviceIdentity,
      rows: () => engine.rows(),
      isThing: (name) => isThing(engine, name, runtime.now()),
      keeps: options.keepsPage === true,
      isGuarded: options.accessKeys !== undefined,
      faults,
    });
    events.add((event) => page.feed.door(event));
    const accessKeys = options.accessKeys && new Map(Object.entries(options.accessKeys));
    const signatures = accessKeys && createSignatureCheck(accessKeys, Date.now);
    const gatewaySignatures = accessKeys && createSignatureCheck(accessKeys, Date.now, gatewayServices);
    let answerHttp: HttpDoor['answer'] = notYet;
    const budget = new SocketBudget((connections) => events.tell({ kind: 'out-of-descriptors', connections }));
    const web: WebRules = {
      hosts: [localHostOf(host), ...(advertise ? [advertise.host] : [])].map(asInUrl),
      checksHost: signatures === undefined,
      origins: options.allowedOrigins ?? [],
      ownPorts: () => Object.values(httpPorts),
    };
    const mqtt = await openMqttDoor({
      port,
      faults: page.faults,
      // One entry for each feature that needs more than the service to be answered.
      answerers: {
        provisioning: provisioningAnswerer(port, issuer),
        streams: streamAnswerer({
          port,
          ...(files && { openImage: files.openImage }),
          onTransfer,
        }),
      },
      host,
      listeners: listeners({ tcp: signatures ? 'off' : mqttPort, tls: mqttsPort, ws: wsPort, wss: wssPort }),
      certificates: { ...server, ca: authority.ca },
      sessionStore: state.sessionStore,
      whyNotUpgrade: (request) =>
        objectionToWeb(request, web) ?? (gatewaySignatures && gatewaySignatures({ ...request, body: noBody })),
      budget,
      ...(identity && !signatures && { identity }),
      ...(signatures && { policyScope: serviceIdentity, upgradesAreSigned: true }),
      watchers,
      isThing: (thingName) => isThing(engine, thingName, runtime.now()),
      strict: options.strict,
      ...(options.packetsPerSecond !== undefined && { packetsPerSecond: options.packetsPerSecond }),
      readings: doorReadings[options.profile ?? 'observed'],
      ...(options.tap && { tap: options.tap }),
      ...(board && { web: (request, response) => answerHttp(request, response) }),
      onEvent(event) {
        if (event.kind === 'connected') addresses.deviceCame(deviceOf(event), event.address ?? '');
        if (event.kind === 'identified') addresses.deviceCame(event.thingName, event.address ?? '');
        events.tell(event);
      },
    });
    closers.push(() => mqtt.close());
    const https = board || httpsPort === 'off' ? {} : { https: { port: httpsPort ?? 0, ...server, ca: authority.ca } };
    const http = await openHttpDoor({
      port,
      handled: handledOperations,
      faults: page.faults,
      page: (request, response) => page.door.answer(request, response),
      certificates: issuer,
      host,
      listeners: { ...listeners({ http: httpPort }), ...https },
      identity: serviceIdentity,
      ...(options.region !== undefined && { region: 'fixed' as const }),
      retiredEndpointTypes: options.profile === 'documented' ? 'served' : 'refused',
      endpointFor: addresses.endpointFor,
      deviceCame: addresses.deviceCame,
      ...(files && { files }),
      ...(options.fileGate && { fileGate: options.fileGate }),
      ...(options.deviceGate && { deviceGate: options.deviceGate }),
      ...(signatures && { signatures, policyScope: serviceIdentity }),
      web,
      budget,
      onEvent: events.tell,
      status: () => ({
        endpoints,
        connectedClients: mqtt.connectedClients,
        reservedPublications: mqtt.reservedPublications,
        events: events.counts,
        executionStatuses,
      }),
    });
    closers.push(http.close);
    closers.push(() => page.feed.close());
    answerHttp = http.answer;
    const { tcp, tls, ws, wss } = mqtt.ports;
    httpPorts = { ...http.ports, ...(board && wss !== undefined && { https: wss }) };
    endpoints = endpointsOf(host, { mqtt: tcp, mqtts: tls, ws, wss, ...httpPorts });
    page.feed.endpoints = endpoints;
    runtime.begin();
    return {
      mqttUrl: endpoints['mqtt'],
      mqttsUrl: endpoints['mqtts'],
      wsUrl: endpoints['ws'],
      wssUrl: endpoints['wss'],
      httpUrl: endpoints['http'],
      httpsUrl: endpoints['https'],
      ca: authority.ca,
      ...(signer && { codeSigningCertificate: signer.cert }),
      ...(authority.caFile && { caFile: authority.caFile }),
      port: runtime,
      page: page.feed,
      ...(endpoints['http'] !== undefined && { pageUrl: `${endpoints['http']}/${page.door.query}` }),
      acceptMqtt: (stream) => mqtt.accept(stream),
      get connectedClients() {
        return mqtt.connectedClients;
      },
      onEvent: (hear) => events.add(hear),
      observe,
      onFault: (hear) => void whoHears.push(hear),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One listener for all who look at what devices download. */
function transferListener(
  watchers: Watchers,
  onTransfer: TransferListener | undefined,
  now: () => number,
): TransferListener {
  const observe = observeDownloads((seen) => watchers.observer.download?.(seen), now);
  return (event) => {
    onTransfer?.(event);
    if (watchers.observer.download !== undefined) observe(event);
  };
}

/** Of executions that were made or changed, each time. */
function countStatuses(changes: readonly Change[], counts: Map<string, number>): void {
  for (const { table, row } of changes) {
    if (table !== 'jobExecution') continue;
    const status = (row as ExecutionRow | undefined)?.status ?? 'DELETED';
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
}

/** As a Host header names it. */
function asInUrl(host: string): string {
  return parseHost(isIPv6(host) ? `[${host}]` : host)?.name ?? host;
}

/** What clients sign the URL of a WebSocket for; AWS's SDK for Python, version 1, says `iotdata`. */
const gatewayServices: ReadonlySet<string> = new Set(['iotdevicegateway', 'iotdata']);

/** Reads only, so that the engine need not be asked by way of the runtime. */
function isThing(engine: Engine, thingName: string, at: EpochMs): boolean {
  return engine.apply({ name: 'iot:DescribeThing', request: { thingName } }, at).reply.accepted;
}

const noBody = new Uint8Array();
const notYet: HttpDoor['answer'] = (_request, response) => void response.writeHead(503).end();

/** Clocks of one machine are corrected by less than that. */
const usualCorrectionMs = 60_000;

function warnOfClock({ aheadMs = 0, clock }: KeptState, dataDir: string, warn: ServiceOptions['onWarning']): void {
  if (aheadMs < usualCorrectionMs) return;
  const ahead =
    aheadMs < 2 * 3_600_000 ? `${Math.round(aheadMs / 60_000)} min` : `${Math.round(aheadMs / 3_600_000)} h`;
  warn?.(
    `Service time is ${new Date(clock.now()).toISOString()}, ${ahead} ahead of this machine's clock: an earlier service on ${dataDir} got that far, by --time-scale or before the clock was set back. It never goes back, and times, timeouts and signed URLs follow it. To begin at the present time, give another --data-dir or remove that one.`,
  );
}

/** A client that may act for every thing, or has not spoken for one, is taken for the one that its client id names. */
function deviceOf({ clientId, principal }: MqttDoorEvent & { readonly kind: 'connected' }): string {
  return principal === everyThing || principal === noThing || principal === undecided ? clientId : principal;
}

/** Only what is not `off`; what is not said takes a free port. */
function listeners<Name extends string>(
  wanted: Readonly<Record<Name, PortOption | undefined>>,
): { [N in Name]?: number } {
  const entries = Object.entries<PortOption | undefined>(wanted).filter(([, port]) => port !== 'off');
  return Object.fromEntries(entries.map(([name, port = 0]) => [name, port])) as { [N in Name]?: number };
}
