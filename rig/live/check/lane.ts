/**
 * One lane of a check: a service of its own, an operator, and everything that is seen of the one device on it. Lanes run side
 * by side and share nothing, so that a fault of one scenario cannot reach another. The service is durable, in a directory
 * that goes away with the lane, because a scenario may restart it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CertificateAuthority, openCertificateAuthority } from '../../../broker/certificates.ts';
import { type CodeSigner, openCodeSigner } from '../../../broker/code-signing.ts';
import { lostInHandshake } from '../../../broker/net/server-limits.ts';
import { type PortOption, type Service, startService } from '../../../broker/start-service.ts';
import type { Observation, Observer } from '../../../observation/observation.ts';
import { observeEvery, show } from '../../../observation/observers.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import { Operator } from '../operator.ts';
import { watchDataPlane } from '../wire/data-plane-watch.ts';
import { DoorWatch } from '../wire/door-watch.ts';
import { WireFaults } from '../wire/wire-faults.ts';
import { type TappedConnection, tapped } from '../wire/wire-tap.ts';
import { createJumpingClock } from './jumping-clock.ts';
import type { Endpoints } from './equipment.ts';
import { ImageFaults } from './image-faults.ts';
import { bucket } from './job-documents.ts';
import { SecondClient } from './second-client.ts';
import { ShadowVersion, observeShadow } from './shadow-version.ts';
import { present } from '../../../protocol/json.ts';
import { type WitnessDoor, openWitnessDoor } from './witness-door.ts';

export interface LaneOptions {
  /** Of this lane alone. */
  readonly directory: string;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  readonly ports?: Readonly<
    Partial<Record<'mqttPort' | 'mqttsPort' | 'wsPort' | 'httpPort' | 'httpsPort', PortOption | undefined>>
  >;
  /** What is checked, for the live page. */
  readonly about?: string;
  /** Shared by the lanes of a check. */
  readonly shadow?: ShadowVersion;
}

export interface Lane extends AsyncDisposable {
  readonly service: Service;
  readonly operator: Operator;
  readonly authority: CertificateAuthority;
  /** Signs images, with the key that the service signs updates with. */
  readonly signer: CodeSigner;
  readonly faults: WireFaults;
  readonly endpoints: Endpoints;
  readonly filesDirectory: string;
  readonly observer: Observer;
  now(): EpochMs;
  /** From now on: which thing is checked, and who hears of what is seen; first of the connection that is up already. */
  attend(thingName: string, look: (seen: Observation) => void): void;
  /** What the doors refused since the lane was opened, in words. */
  refusals(): readonly string[];
  /** Of the device, all that are open. */
  connections(): readonly TappedConnection[];
  /** Faults of images on the file server. */
  readonly images: ImageFaults;
  readonly witness: WitnessDoor;
  readonly shadow: ShadowVersion;
  readonly secondClient: SecondClient;
  /** The service's own clock leaps forward: timeouts and schedules come at once. */
  jumpClock(byMs: DurationMs): void;
  /** New connections are refused and nothing passes until `false`. */
  cutNetwork(isCut: boolean): void;
  /** Ends the service in mid-air, as a crash of a broker does, and starts it again on the same ports and data. */
  restartService(): Promise<void>;
  close(): Promise<void>;
}

/** @throws {OperationalError} `PORT_TAKEN` and the like */
export async function openLane(options: LaneOptions): Promise<Lane> {
  const { directory, host = '127.0.0.1', ports = {}, shadow = new ShadowVersion(), about: subject = '' } = options;
  const dataDir = join(directory, 'service');
  const filesDirectory = join(directory, 'files');
  await mkdir(filesDirectory, { recursive: true });
  const faults = new WireFaults(now);
  const open = new Set<TappedConnection>();
  let thingName = '';
  let look: (seen: Observation) => void = nobody;
  let isCut = false;
  const refusals: string[] = [];
  let clientId = '';
  /** What was seen of the connection that is up now: a device that stays connected says it only once. */
  let standing: readonly Observation[] = [];
  const clock = createJumpingClock();
  const all = observeEvery((seen) => {
    if (seen.kind === 'connected' && seen.client !== undefined) ({ clientId } = seen.client);
    standing = stillTrue(standing, seen);
    // Told in service time, which leaps where a scenario says so; a run is told in the rig's own.
    look(seen.source === 'service' ? { ...seen, at: now() } : seen);
    // What the service does not see itself.
    if (seen.source === 'device' || seen.source === 'host') show(service.page.observer, { ...seen, thingName });
  });
  const observer: Observer = { ...all, published: observeShadow(all, shadow) };
  const deviceGate = watchDataPlane({ observer, faults, now });
  const images = new ImageFaults({
    observer,
    now,
    thingName: () => thingName,
    fileOf: (jobId) => join(filesDirectory, bucket, `${jobId}.bin`),
  });

  // Where HTTPS is open, addresses of images lead there, and a device must trust its certificate.
  const start = async ({ httpsPort = 'off', ...others }: NonNullable<LaneOptions['ports']>): Promise<Service> => {
    const started = await startService({
      host,
      dataDir,
      clockOf: clock.over,
      durability: 'off',
      files: filesDirectory,
      onEvent: (event) => {
        if ('reason' in event && event.message !== undefined) {
          const { message, advice } = event;
          // A device that was switched off ends a connection so; what a door refused says more.
          if (message === lostInHandshake && refusals.length > 0) return;
          refusals.push(advice === undefined ? message : `${message}: ${advice}`);
        }
      },
      deviceGate,
      fileGate: (request, response) => images.take(request, response),
      wssPort: 'off',
      httpsPort,
      observer,
      tap: (stream, certificateName) =>
        tapped(stream, (connection) => {
          open.add(connection);
          if (isCut) setImmediate(() => connection.drop());
          const named = certificateName === undefined ? {} : { certificateName };
          const watch = new DoorWatch(connection, { observer, faults, now, thingName: () => thingName, ...named });
          return {
            ...watch,
            fromDevice: (packet) => watch.fromDevice(packet),
            toDevice: (packet) => watch.toDevice(packet),
            closed(by) {
              open.delete(connection);
              watch.closed(by);
            },
          };
        }),
      ...others,
      keepsPage: true,
    });
    started.page.present({ verb: 'check', about: subject });
    return started;
  };

  let service = await start(ports);
  const witness = await openWitnessDoor({ host, observer, now });
  const authority = await openCertificateAuthority(dataDir);
  const signer = await openCodeSigner(dataDir, authority);
  const { mqttUrl, mqttsUrl, wsUrl, httpUrl } = service;
  const endpoints: Endpoints = present({
    host,
    mqttPort: portOf(mqttUrl),
    mqttsPort: portOf(mqttsUrl),
    wsUrl,
    httpUrl,
  });
  const operator = new Operator({
    endpoint: service.httpUrl ?? '',
    region: 'us-east-1',
    now,
    onCall: (call) => look(call),
  });

  async function restartService(): Promise<void> {
    for (const connection of open) connection.drop();
    const again = {
      mqttPort: portOf(service.mqttUrl) ?? 'off',
      mqttsPort: portOf(service.mqttsUrl) ?? 'off',
      wsPort: portOf(service.wsUrl) ?? 'off',
      httpPort: portOf(service.httpUrl) ?? 'off',
      httpsPort: portOf(service.httpsUrl) ?? 'off',
    } as const;
    await service.close();
    service = await start(again);
  }

  async function close(): Promise<void> {
    look = nobody;
    images.clear();
    operator[Symbol.dispose]();
    for (const connection of open) connection.drop();
    await witness.close();
    await service.close();
  }

  return {
    get service() {
      return service;
    },
    operator,
    authority,
    signer,
    faults,
    images,
    witness,
    shadow,
    secondClient: new SecondClient(
      () => service,
      () => clientId || thingName,
    ),
    endpoints,
    filesDirectory,
    observer,
    now,
    attend(name, who) {
      thingName = name;
      look = who;
      faults.clear();
      isCut = false;
      for (const seen of standing) who({ ...seen, at: now() });
    },
    refusals: () => refusals,
    connections: () => [...open],
    cutNetwork(cut) {
      isCut = cut;
      if (cut) for (const connection of open) connection.drop();
    },
    restartService,
    jumpClock: (byMs) => clock.jump(byMs),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function stillTrue(standing: readonly Observation[], seen: Observation): readonly Observation[] {
  if (seen.kind === 'connected') return [seen];
  if (seen.kind === 'disconnected') return [];
  return seen.kind === 'subscribed' ? [...standing, seen] : standing;
}

function now(): EpochMs {
  return Date.now();
}

function nobody(): void {}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}
