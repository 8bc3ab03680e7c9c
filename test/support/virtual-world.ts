/**
 * One board and the real engine in virtual time: a queue of what is to happen, a clock that jumps to it, and between the two
 * a connection with latency. Messages travel as objects. Whoever drives it may cut the power, the link or a message at any
 * instant. Everything that was said and traced is recorded with its time.
 */
import type { DeviceTrace } from '../../observation/inside.ts';
import { readFileSync } from 'node:fs';
import type { AgentBehaviour } from '../../agent/core/behaviour.ts';
import { createBoard } from '../../agent/board/board.ts';
import type { Board, BoardEffect, BoardInput } from '../../agent/board/contract.ts';
import type { ImageOrigin } from '../../agent/device/image.ts';
import { type HardwareProfile, parseHardwareProfile } from '../../agent/device/profile.ts';
import type { CommandOf, Effect, Engine, OperationName, Reply, ResponseOf } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import { acceptedPayload, notifyNextPayload, notifyPayload, rejectedPayload } from '../../protocol/device-payloads.ts';
import { decodeDeviceRequest } from '../../protocol/device-requests.ts';
import type { BlockRequest, StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { formatJobsTopic } from '../../protocol/topics.ts';
import { answersTo } from '../../rig/virtual/stream-service.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
export const thingName = 'device-1';
const thingArn = `arn:aws:iot:us-east-1:000000000000:thing/${thingName}`;
const start: EpochMs = 1_700_000_000_000;

export function hardware(name: string): HardwareProfile {
  const parsed = parseHardwareProfile(JSON.parse(readFileSync(`fixtures/hardware/${name}.json`, 'utf8')));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export type Happening =
  | { readonly at: EpochMs; readonly kind: 'sent'; readonly request: DeviceRequest }
  | { readonly at: EpochMs; readonly kind: 'received'; readonly message: DeviceMessage }
  | { readonly at: EpochMs; readonly kind: 'fetched'; readonly request: BlockRequest }
  | { readonly at: EpochMs; readonly kind: 'trace'; readonly trace: DeviceTrace };

/** What becomes of a message on its way: how often it arrives, and how much later than it should. */
export type Arrivals = readonly { readonly lateMs: number }[];
const arrives: Arrivals = [{ lateMs: 0 }];

export interface WorldOptions {
  readonly hardware?: HardwareProfile;
  readonly agent?: AgentBehaviour;
  readonly origin?: ImageOrigin;
  readonly namespaces?: readonly string[];
  readonly seed?: number;
  readonly latencyMs?: number;
  /** Says of each block of a stream whether it is lost on its way. */
  readonly loses?: (answer: StreamAnswer, at: EpochMs) => boolean;
  readonly arrivalsOf?: (message: DeviceRequest | DeviceMessage, at: EpochMs) => Arrivals | undefined;
}

interface Planned {
  readonly at: EpochMs;
  readonly rank: number;
  readonly action: () => void;
}

export class VirtualWorld {
  readonly engine: Engine = createEngine({ identity });
  readonly board: Board;
  readonly happenings: Happening[] = [];
  /** Every instant at which anything happened, and before which it can be disturbed. */
  readonly instants = new Set<EpochMs>();
  now: EpochMs = start;
  powerOns = 0;
  readonly #options: WorldOptions;
  readonly #latencyMs: number;
  /** In order of time; first come, first served. */
  readonly #queue: Planned[] = [];
  #connection = 0;
  #filters: readonly string[] = [];
  #linkIsUp = true;
  #disturbance: (() => boolean) | undefined;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.#latencyMs = options.latencyMs ?? 20;
    this.board = createBoard({
      thingName,
      seed: options.seed ?? 1,
      hardware: options.hardware ?? hardware('esp32-s3'),
      ...(options.agent && { agent: options.agent }),
      ...(options.origin && { origin: options.origin }),
      ...(options.namespaces && { namespaces: options.namespaces }),
    });
    this.operate('iot:CreateThing', { thingName });
  }

  // The operator

  operate<Name extends OperationName>(name: Name, request: CommandOf<Name>['request']): Reply<ResponseOf<Name>> {
    const outcome = this.engine.apply({ name, request } as CommandOf<Name>, this.now);
    this.#perform(outcome.effects);
    return outcome.reply;
  }

  createJob(jobId: string, document: object | string, namespaceId?: string): void {
    const reply = this.operate('iot:CreateJob', {
      jobId,
      targets: [thingArn],
      document: typeof document === 'string' ? document : JSON.stringify(document),
      ...(namespaceId !== undefined && { namespaceId }),
    });
    if (!reply.accepted) throw new Error(reply.message);
  }

  /** The newest execution of a job, as the operator sees it. */
  statusOf(jobId: string): string {
    const reply = this.operate('iot:DescribeJobExecution', { jobId, thingName });
    return reply.accepted ? String(reply.response.execution?.status) : reply.code;
  }

  detailsOf(jobId: string): Readonly<Record<string, string>> {
    const reply = this.operate('iot:DescribeJobExecution', { jobId, thingName });
    return (reply.accepted && reply.response.execution?.statusDetails?.detailsMap) || {};
  }

  // What can go wrong

  powerOn(): void {
    this.powerOns += 1;
    this.#give({ kind: 'power-on' });
  }

  powerCut(): void {
    this.#connection += 1;
    this.#give({ kind: 'power-cut' });
  }

  /** The connection breaks at once; new ones fail until the link is back. */
  cutLink(): void {
    this.#linkIsUp = false;
    this.#connection += 1;
    this.#give({ kind: 'disconnected' });
  }

  restoreLink(): void {
    this.#linkIsUp = true;
  }

  // Time

  later(ms: number, action: () => void): void {
    this.#plan({ at: this.now + ms, rank: 1, action });
  }

  /** At this instant, before anything else that happens then. */
  at(instant: EpochMs, action: () => void): void {
    this.#plan({ at: instant, rank: 0, action });
  }

  #plan(planned: Planned): void {
    const index = this.#queue.findIndex(
      ({ at, rank }) => at > planned.at || (at === planned.at && rank > planned.rank),
    );
    if (index === -1) this.#queue.push(planned);
    else this.#queue.splice(index, 0, planned);
  }

  /** As soon as the condition holds, checked after each thing that happens; at most once. */
  when(condition: () => boolean, action: () => void): void {
    this.#disturbance = () => {
      if (!condition()) return false;
      action();
      return true;
    };
  }

  /** Lets time pass until the condition holds. @returns whether it came to hold within so long */
  runUntil(condition: () => boolean, withinMs = 3_600_000): boolean {
    const end = this.now + withinMs;
    while (!condition()) if (!this.#step(end)) return false;
    return true;
  }

  run(forMs: number): void {
    const end = this.now + forMs;
    while (this.#step(end));
    this.now = end;
  }

  traces<Kind extends DeviceTrace['kind']>(kind: Kind): Extract<DeviceTrace, { kind: Kind }>[] {
    return this.happenings.flatMap((event) =>
      event.kind === 'trace' && event.trace.kind === kind ? [event.trace as Extract<DeviceTrace, { kind: Kind }>] : [],
    );
  }

  sent(operation?: DeviceRequest['operation']): DeviceRequest[] {
    return this.happenings.flatMap((event) =>
      event.kind === 'sent' && (operation === undefined || event.request.operation === operation)
        ? [event.request]
        : [],
    );
  }

  #step(end: EpochMs): boolean {
    const planned = this.#queue[0]?.at ?? Infinity;
    const board = this.board.nextDeadline() ?? Infinity;
    const service = this.engine.nextDeadline() ?? Infinity;
    const next = Math.max(this.now, Math.min(planned, board, service));
    if (next > end) return false;
    this.now = next;
    this.instants.add(next);
    if (planned <= next) this.#queue.shift()?.action();
    else if (service <= next) this.operate('jobrig:Wake', {});
    else this.#give({ kind: 'wake' });
    if (this.#disturbance?.()) this.#disturbance = undefined;
    return true;
  }

  #give(input: BoardInput): void {
    for (const effect of this.board.apply(input, this.now)) this.#obey(effect);
  }

  #obey(effect: BoardEffect): void {
    const connection = this.#connection;
    const soon = (input: BoardInput, ms: number) =>
      this.later(ms, () => {
        if (connection === this.#connection) this.#give(input);
      });
    switch (effect.kind) {
      case 'connect':
        this.#filters = [];
        return soon(
          this.#linkIsUp ? { kind: 'connected', sessionPresent: false } : { kind: 'disconnected' },
          2 * this.#latencyMs,
        );
      case 'disconnect':
        this.#connection += 1;
        return;
      case 'subscribe':
        this.later(this.#latencyMs, () => {
          if (connection !== this.#connection) return;
          this.#filters = effect.filters;
          soon({ kind: 'subscribed', filters: [] }, this.#latencyMs);
        });
        return;
      case 'request':
        return this.#request(effect.request);
      case 'ask-blocks':
        this.happenings.push({ at: this.now, kind: 'fetched', request: effect.request });
        this.later(this.#latencyMs, () => {
          if (connection !== this.#connection) return;
          for (const answer of answersTo(this.engine, thingName, effect.request, this.now)) {
            if (this.#options.loses?.(answer, this.now) !== true) soon({ kind: 'stream', answer }, this.#latencyMs);
          }
        });
        return;
      case 'trace':
        this.happenings.push({ at: this.now, kind: 'trace', trace: effect.trace });
    }
  }

  #request(request: DeviceRequest): void {
    const connection = this.#connection;
    this.happenings.push({ at: this.now, kind: 'sent', request });
    for (const { lateMs } of this.#options.arrivalsOf?.(request, this.now) ?? arrives) {
      this.later(this.#latencyMs + lateMs, () => {
        if (connection === this.#connection) this.#serve(request);
      });
    }
  }

  #serve(request: DeviceRequest): void {
    const { operation, jobId, namespaceId, body } = request;
    const about = {
      operation,
      ...(jobId !== undefined && { jobId }),
      ...(namespaceId !== undefined && { namespaceId }),
    };
    const decoded = decodeDeviceRequest({ kind: 'request', thingName, ...about }, JSON.stringify(body));
    const token = decoded.clientToken;
    if (!decoded.ok) {
      return this.#send({
        kind: 'reply',
        outcome: 'rejected',
        ...about,
        ...sized(rejectedPayload(decoded, this.now, token)),
      });
    }
    const outcome = this.engine.apply(
      { name: `iotjobsdata:${operation}`, request: decoded.request } as CommandOf<`iotjobsdata:${typeof operation}`>,
      this.now,
    );
    const { reply } = outcome;
    this.#send(
      (reply.accepted
        ? {
            kind: 'reply',
            outcome: 'accepted',
            ...about,
            ...sized(acceptedPayload(operation, reply.response, this.now, token)),
          }
        : {
            kind: 'reply',
            outcome: 'rejected',
            ...about,
            ...sized(rejectedPayload(reply, this.now, token)),
          }) as DeviceMessage,
    );
    this.#perform(outcome.effects);
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'event' || effect.kind === 'principal') continue;
      const name = effect.kind === 'notify' ? 'JobExecutionsChanged' : 'NextJobExecutionChanged';
      const namespace = effect.namespaceId === undefined ? {} : { namespaceId: effect.namespaceId };
      if (!this.#filters.includes(formatJobsTopic({ kind: 'notification', thingName, name, ...namespace }))) continue;
      const payload = effect.kind === 'notify' ? notifyPayload(effect) : notifyNextPayload(effect);
      this.#send({ kind: 'notification', name, ...namespace, ...sized(payload) } as DeviceMessage);
    }
  }

  #send(message: DeviceMessage): void {
    const connection = this.#connection;
    for (const { lateMs } of this.#options.arrivalsOf?.(message, this.now) ?? arrives) {
      this.later(this.#latencyMs + lateMs, () => {
        if (connection === this.#connection) this.deliver(message);
      });
    }
  }

  /** Hands the board a message now, as a broker that repeats itself would. */
  deliver(message: DeviceMessage): void {
    this.happenings.push({ at: this.now, kind: 'received', message });
    this.#give({ kind: 'message', message });
  }
}

function sized<Payload>(payload: Payload): { readonly bytes: number; readonly payload: Payload } {
  return { bytes: Buffer.byteLength(JSON.stringify(payload)), payload };
}

/** A firmware document for an image of this size. */
export function firmwareDocument(version: string, sizeBytes = 65_536): object {
  return {
    operation: 'firmware',
    version,
    image: {
      url: `https://firmware.example/${version}.bin`,
      sizeBytes,
      sha256: version.replaceAll(/\W/g, '').padEnd(64, 'a'),
    },
  };
}

/** A document of FreeRTOS OTA for an image of this size in {@link imagesStream}. */
export function streamDocument(version: string, sizeBytes = 65_536): object {
  return {
    afr_ota: {
      protocols: ['MQTT'],
      streamname: imagesStream,
      files: [
        {
          filepath: '/fw',
          filesize: sizeBytes,
          fileid: 0,
          certfile: null,
          attr: { version },
          update_data_url: null,
          auth_scheme: null,
          'sig-sha256-ecdsa': `signature of ${version}`,
        },
      ],
    },
  };
}

export const imagesStream = 'images';

/** The stream that {@link streamDocument} names. */
export function createImagesStream(world: VirtualWorld, sizeBytes = 65_536): void {
  const files = [{ fileId: 0, s3Location: { bucket: 'images', key: `fw-${sizeBytes}.bin` } }];
  world.operate('iot:CreateStream', {
    streamId: imagesStream,
    files,
    roleArn: 'arn:aws:iam::000000000000:role/streams',
  });
}
