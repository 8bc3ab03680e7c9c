/**
 * A door of a rig whose engines are elsewhere: MQTT and HTTP for clients, linked to whichever engine leads. When that one is gone, or
 * says nothing any more, the door asks the others until one leads; its clients stay connected. Of several doors each has a number, and a
 * client belongs to one of them by its client id: a door that is not the client's own hands it on, with what was proved about it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { addAbortListener } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { OperationalError } from '../../protocol/operational-error.ts';
import { scaledClock } from '../clock.ts';
import { type OpenedDoors, openDoors } from '../doors.ts';
import { type DoorEnd, type DoorEndOptions, LinkRefused, createDoorEnd } from '../link/door-end.ts';
import { doorTwice } from '../link/engine-end.ts';
import { doorOf } from '../link/owner.ts';
import { Throttle } from '../live/actions.ts';
import { WireShare } from '../live/wire-share.ts';
import { passOn, takeOver } from '../processes/passed-client.ts';
import { passPage } from '../processes/passed-page.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { Arrived } from '../mqtt/mqtt-door.ts';
import { identityText } from '../processes/linked-engine.ts';
import { identityOf, openSurroundings } from '../surroundings.ts';
import { standbyReason } from './engine-node.ts';
import type { NodeCertificate } from './node-certificate.ts';
import {
  type NodeAddress,
  type NodeListener,
  connectToNode,
  isCertificateError,
  listenForNodes,
  refuseUnproved,
} from './node-links.ts';

export interface DoorNodeOptions {
  readonly service: ServiceOptions;
  /** Engines, of which one leads. */
  readonly join: readonly NodeAddress[];
  /** Where other doors hand clients on. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly certificate: NodeCertificate | undefined;
  /** From 0. */
  readonly door: number;
  readonly onWarning: (warning: string) => void;
}

export interface DoorNode extends AsyncDisposable {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly link: NodeAddress;
  readonly ca: string;
  readonly caFile?: string;
}

const retryMs = 50;
/** An engine beats every 100 ms. */
const silentMs = 600;
const answersWithinMs = 500;
/** For sessions to be elsewhere, and for what the engine has to keep, when a door ends. */
const leftWithinMs = 5000;

/** A client that is to wait until its session is here. */
interface HeldClient {
  readonly stream: Duplex;
  /** Lets it in. */
  readonly stay: () => void;
}

function holding({ wire: { stream }, start, stay }: Arrived): HeldClient {
  const seen = Buffer.from(start);
  stream.pause();
  return {
    stream,
    stay() {
      stream.resume();
      stay(seen);
    },
  };
}

function letGo({ wire }: Arrived): void {
  wire.stream.destroy();
}

/**
 * While no engine leads, it waits, until the service's signal.
 * @throws {OperationalError} when no engine takes this door, or a port cannot be listened on
 */
export async function startDoorNode(options: DoorNodeOptions): Promise<DoorNode> {
  const { certificate, join, listen, door, onWarning, service } = options;
  refuseUnproved(certificate, join);
  const stop = new AbortController();
  const { signal } = service;
  using _ = signal && addAbortListener(signal, () => stop.abort());
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  let peers: ReadonlyMap<number, string> = new Map();
  let opened: OpenedDoors | undefined;
  let isDraining = false;
  const held: HeldClient[] = [];
  /** Clients that were handed on, and to which door. */
  const handedOn = new Map<Duplex, number>();
  const early: Required<SessionChange>[] = [];
  const letIn = (): void => {
    for (const { stream, stay } of held.splice(0)) if (!stream.destroyed) stay();
  };
  try {
    const listener: NodeListener = await listenForNodes({
      at: listen,
      certificate,
      onWarning,
      onClient: (far) =>
        takeOver(far, (stream, proof) => {
          if (opened === undefined || isDraining) stream.destroy();
          else if (end.isComplete) opened.takeOver(stream, proof);
          else held.push({ stream, stay: () => opened?.mqtt.accept(stream, { ...proof, socket: stream }) });
        }),
    });
    closers.push(() => listener.close());
    const link = new Link(options, stop.signal, `${listen.host}:${listener.address.port}`, {
      onPeers: (those) => (peers = those),
      onRows: (rows) => (opened === undefined ? void early.push(...rows) : opened.mqtt.adopt(rows)),
      onRelease(isOurs) {
        opened?.mqtt.release(isOurs);
        // One that is stopped would keep them waiting. A member that the next engine does not know yet keeps its clients.
        for (const [stream, owner] of handedOn) if (!link.end.members.includes(owner)) stream.destroy();
      },
      onComplete: letIn,
    });
    const { end } = link;
    closers.push(() => {
      stop.abort();
      end.detach();
    });
    await link.first();
    signal?.throwIfAborted();
    const surroundings = await openSurroundings(service, () => end.port.now());
    const { events, authority, watchers } = surroundings;
    link.share.watch(watchers);
    closers.push(() => link.share.close());
    events.add((event) => end.tell(event));
    const health = (response: ServerResponse): boolean => {
      const isLinked = end.isAttached && !isDraining;
      const status = isDraining ? 'draining' : !isLinked ? 'no engine' : end.isComplete ? 'ok' : 'waits for sessions';
      response.writeHead(isLinked ? 200 : 503, { 'content-type': 'application/json' });
      const silence = Math.round(performance.now() - link.heardAt);
      response.end(
        `${JSON.stringify({ status, role: 'door', door: door + 1, members: end.members.map((each) => each + 1), epoch: end.epoch, lagMs: silence })}\n`,
      );
      return true;
    };
    opened = await openDoors(service, surroundings, {
      mind: end,
      page: (request: IncomingMessage, response: ServerResponse) =>
        request.url === '/healthz'
          ? health(response)
          : passPage(request, response, { createConnection: () => connectToNode(link.at, certificate) }),
      faults: new Throttle(() => end.port.now(), undefined),
      tell: events.tell,
      elsewhere(clientId) {
        if (isDraining) return letGo;
        if (clientId === '') return undefined;
        const owner = end.members.length === 0 ? door : doorOf(clientId, end.members);
        if (owner === door) return end.isComplete ? undefined : (arrived) => void held.push(holding(arrived));
        const peer = peers.get(owner);
        // Its own door is away, for a moment: the client tries again.
        if (peer === undefined) return letGo;
        return (arrived) => {
          const { stream } = arrived.wire;
          handedOn.set(stream, owner);
          stream.once('close', () => handedOn.delete(stream));
          passOn(arrived, connectToNode(addressIn(peer), certificate));
        };
      },
    });
    const doors = opened;
    // What has changed while it was opened.
    doors.mqtt.adopt(early);
    doors.mqtt.release((clientId) => end.members.length === 0 || doorOf(clientId, end.members) === door);
    if (end.isComplete) letIn();
    closers.push(async () => {
      isDraining = true;
      const left = end.leave();
      await Promise.race([left, wait(leftWithinMs, undefined, { ref: false })]);
      await doors.close();
      await Promise.race([end.sessionStore?.kept().catch(() => {}), wait(leftWithinMs, undefined, { ref: false })]);
    });
    return {
      endpoints: doors.endpoints,
      link: listener.address,
      ca: authority.ca,
      ...(authority.caFile && { caFile: authority.caFile }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** To whichever engine leads. */
class Link {
  readonly end: DoorEnd;
  /** For the live page, which is where the engine is. */
  readonly share: WireShare;
  /** Where the engine is that leads. */
  at: NodeAddress;
  heardAt = performance.now();
  readonly #options: DoorNodeOptions;
  readonly #signal: AbortSignal;

  constructor(
    options: DoorNodeOptions,
    signal: AbortSignal,
    peer: string,
    listeners: Pick<DoorEndOptions, 'onPeers' | 'onRows' | 'onRelease' | 'onComplete'>,
  ) {
    this.#options = options;
    this.#signal = signal;
    this.at = options.join[0]!;
    this.end = createDoorEnd(options.door, scaledClock, {
      ...listeners,
      identity: identityText(identityOf(options.service)),
      onClock: (difference) => options.onWarning(`The clock of the engine at ${textOf(this.at)} is ${difference}`),
      peer,
      onHeard: () => (this.heardAt = performance.now()),
      onWanted: (what) => this.share.wants(what),
    });
    this.share = new WireShare({
      keeps: options.service.keepsPage === true,
      tell: (told) => this.end.tell(told),
    });
  }

  /** @throws {OperationalError} when an engine says that it will never take this door */
  async first(): Promise<void> {
    let isTold = false;
    while (!this.#isOver()) {
      const told = await this.#round(true);
      if (told === undefined) break;
      if (!isTold) this.#options.onWarning(`No engine leads yet: ${told}`);
      isTold = true;
      await wait(retryMs, undefined, { ref: true });
    }
    void this.#keep();
  }

  async #keep(): Promise<void> {
    const { onWarning } = this.#options;
    while (!this.#isOver()) {
      const watch = setInterval(() => this.#leaveSilent(), retryMs);
      await this.end.ended();
      clearInterval(watch);
      if (this.#isOver()) return;
      onWarning(
        `The engine at ${textOf(this.at)} is gone; clients stay connected, what they ask waits for the next one`,
      );
      let told: string | undefined = '';
      for (;;) {
        if (this.#isOver()) return;
        told = await this.#round(false);
        if (told === undefined) break;
        await wait(retryMs);
      }
      onWarning(`Linked to the engine at ${textOf(this.at)}, epoch ${this.end.epoch}`);
    }
  }

  #suspectedAt: number | undefined;

  /** A stopped engine is connected and says nothing. Looked at twice: this process may itself have been stopped. */
  #leaveSilent(): void {
    if (performance.now() - this.heardAt < silentMs) this.#suspectedAt = undefined;
    else if (this.#suspectedAt === this.heardAt) this.end.detach();
    else this.#suspectedAt = this.heardAt;
  }

  /** Asks each engine once. @returns what the last one says; absent: one of them leads */
  async #round(isFirst: boolean): Promise<string | undefined> {
    let told = '';
    // The one that was lost, which may be stopped and answer nobody, comes last.
    const { join } = this.#options;
    const last = isFirst ? -1 : join.indexOf(this.at);
    for (const address of [...join.slice(last + 1), ...join.slice(0, last + 1)]) {
      try {
        await this.#attach(address);
        this.at = address;
        return undefined;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const isForGood =
          isCertificateError(error) ||
          (error instanceof LinkRefused && reason !== standbyReason && reason !== doorTwice);
        if (isForGood && isFirst) {
          throw new OperationalError(
            'NODE_REFUSED',
            `the engine at ${textOf(address)} does not take this door: ${reason}`,
            {
              hint: 'Give --data-dir the folder that `jobrig certs --node` has made for this rig, and the flags of its other nodes.',
              cause: error,
            },
          );
        }
        told = `${textOf(address)}: ${reason}`;
      }
    }
    return told;
  }

  async #attach(address: NodeAddress): Promise<void> {
    const stream = connectToNode(address, this.#options.certificate);
    this.heardAt = performance.now();
    let failed: Error | undefined;
    stream.on('error', (error) => (failed ??= error));
    const silence = setInterval(() => {
      if (performance.now() - this.heardAt > answersWithinMs) stream.destroy(new Error('it does not answer'));
    }, retryMs);
    using _ = addAbortListener(this.#signal, () => stream.destroy());
    try {
      await this.end.attach(stream);
    } catch (error) {
      stream.destroy();
      throw failed ?? error;
    } finally {
      clearInterval(silence);
    }
  }

  #isOver(): boolean {
    return this.#signal.aborted;
  }
}

function textOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}

function addressIn(text: string): NodeAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
