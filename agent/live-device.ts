/**
 * One device alive: a station (agent/station), a clock and a socket. Puts into the station what the socket and the clock say,
 * and does what it asks of the socket, one thing at a time and in order. All of link, power and faults is the station's.
 */
import type { ThingFaults } from '../faults/thing-faults.ts';
import { seededChance } from '../faults/chance.ts';
import { type DeviceView, plainView } from '../observation/inside.ts';
import type { ConnectionEnd, Observer } from '../observation/observation.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { Board } from './board/contract.ts';
import { type CallWatch, Unreturned, callWatch } from './call-watch.ts';
import type { DeviceClock } from './device-clock.ts';
import {
  type DeviceConnection,
  type DeviceCredentials,
  type OpenStream,
  openDeviceConnection,
} from './mqtt/device-connection.ts';
import { tlsFailure } from './mqtt/tls-failure.ts';
import type { ConnectionNumber, Station, StationEffect, StationFault, StationInput } from './station/contract.ts';
import { createStation } from './station/station.ts';

export interface LiveDeviceOptions {
  readonly board: Board;
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. The client id is the thing's name. */
  readonly endpoint: string;
  readonly clock: DeviceClock;
  readonly credentials?: DeviceCredentials;
  /** Instead of a socket to the endpoint, which then is only a name. */
  readonly openStream?: OpenStream;
  /** Asks for a session that outlives its connections (clean=false). Default: a clean one. */
  readonly keepsSession?: boolean;
  /** Sees what the device does and what is done to it. */
  readonly observer?: Observer;
  /** Cuts a call into a device that does not return. Default: after 5 s of processor time. */
  readonly watch?: CallWatch;
}

/** A board on the wire. It is still without power: see {@link LiveDevice.powerOn}. */
export class LiveDevice implements AsyncDisposable {
  readonly #options: LiveDeviceOptions;
  readonly #station: Station;
  /** What the station asked for and is not done yet. */
  readonly #effects: StationEffect[] = [];
  #isPerforming = false;
  #socket: { readonly connection: ConnectionNumber; readonly mqtt: DeviceConnection } | undefined;
  #deadline: EpochMs | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;
  /** A call of it was cut: what the station is now nobody knows, and it is left alone. */
  #isHung = false;

  constructor(options: LiveDeviceOptions) {
    this.#options = options;
    const { board, keepsSession = false, observer = {} } = options;
    // The network has its own jitter: no chance is drawn.
    this.#station = createStation({ board, chance: seededChance(0), keepsSession, observer });
  }

  get thingName(): string {
    return this.#station.thingName;
  }

  view(): DeviceView {
    const view = plainView(this.#station.view());
    return this.#isHung ? { ...view, connected: false } : view;
  }

  powerOn(): void {
    this.#put({ kind: 'power-on' });
  }

  /** Everything volatile is gone in the middle of whatever it was; the socket vanishes without a word. */
  powerCut(): void {
    this.#put({ kind: 'power-off' });
  }

  /**
   * Stops the device between two of its actions, its clock included: what arrives waits, nothing becomes due. May be called
   * by the observer, and then takes hold before what was seen takes effect.
   */
  hold(): void {
    this.#put({ kind: 'hold' });
  }

  release(): void {
    this.#put({ kind: 'release' });
  }

  /** From now on the device has the faults that a plan has for this thing; the plan's times count from now. */
  injectAll(faults: ThingFaults): void {
    this.#put({ kind: 'faults', faults });
  }

  /** One fault, now; while the device is held, when it is released. */
  inject(fault: StationFault): void {
    this.#put({ kind: 'fault', fault });
  }

  /** Every fault ends. */
  endFaults(): void {
    this.#put({ kind: 'end-faults' });
  }

  /** Leaves the service and stops; resolves when the socket is closed. The board keeps what it has. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    const socket = this.#socket;
    return socket === undefined ? Promise.resolve() : new Promise((gone) => socket.mqtt.disconnect(gone));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #put(input: StationInput): void {
    if (this.#isClosed || this.#isHung) return;
    this.#effects.push(...this.#apply(input));
    if (this.#isPerforming) return;
    this.#isPerforming = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
      this.#perform(effect);
    }
    this.#isPerforming = false;
    this.#setTimer();
  }

  #apply(input: StationInput): readonly StationEffect[] {
    const { clock, watch = callWatch } = this.#options;
    const now = clock.now();
    try {
      return watch.during(
        () => `${this.thingName} hangs after ${wordsOf(input)}`,
        () => this.#station.apply(input, now),
      );
    } catch (error) {
      if (!(error instanceof Unreturned)) throw error;
      this.#hang(wordsOf(input), now);
      return [];
    }
  }

  /** From now on it does nothing, as a device whose processor turns in a loop: its socket is cut off. */
  #hang(after: string, at: EpochMs): void {
    const { observer = {} } = this.#options;
    const { thingName } = this;
    const { connected } = this.#station.view();
    this.#isHung = true;
    this.#effects.length = 0;
    this.#socket?.mqtt.drop();
    this.#socket = undefined;
    observer.hung?.({ kind: 'hung', source: 'host', at, thingName, after });
    if (connected) observer.disconnected?.({ kind: 'disconnected', source: 'host', at, thingName, end: 'lost' });
  }

  #perform(effect: StationEffect): void {
    if (effect.kind === 'open') return this.#open(effect.connection);
    const socket = this.#socket;
    if (socket?.connection !== effect.connection) return;
    switch (effect.kind) {
      case 'subscribe':
        return socket.mqtt.subscribe(effect.filters);
      case 'publish':
        return socket.mqtt.publish(effect.request);
      case 'ask-blocks':
        return socket.mqtt.askForBlocks(effect.request);
      case 'close':
        this.#socket = undefined;
        return effect.how === 'goodbye' ? socket.mqtt.disconnect() : socket.mqtt.drop();
    }
  }

  #open(connection: ConnectionNumber): void {
    const { board, endpoint, credentials, openStream } = this.#options;
    const { keepsSession, thingName } = this.#station;
    const mqtt = openDeviceConnection({
      endpoint,
      thingName,
      keepsSession,
      keepAliveMs: board.keepAliveMs,
      ...(credentials && { credentials }),
      ...(openStream && { openStream }),
      listener: {
        connected: (sessionPresent) => this.#put({ kind: 'connack', connection, sessionPresent }),
        subscribed: (filters) => this.#put({ kind: 'suback', connection, filters }),
        message: (message) => this.#put({ kind: 'message', connection, message }),
        stream: (answer) => this.#put({ kind: 'stream', connection, answer }),
        closed: (reason) => {
          if (this.#socket?.connection === connection) this.#socket = undefined;
          const end: ConnectionEnd = reason === undefined ? 'by-service' : 'lost';
          this.#put({
            kind: 'closed',
            connection,
            end,
            ...(reason && { reason: tlsFailure(reason) ?? reason.message }),
          });
        },
      },
    });
    this.#socket = { connection, mqtt };
  }

  #setTimer(): void {
    const deadline = this.#isClosed || this.#isHung ? undefined : this.#station.nextDeadline();
    if (deadline === this.#deadline) return;
    this.#cancelTimer?.();
    this.#deadline = deadline;
    this.#cancelTimer =
      deadline === undefined
        ? undefined
        : this.#options.clock.setTimer(deadline, () => {
            this.#deadline = undefined;
            this.#put({ kind: 'wake' });
          });
  }
}

function wordsOf(input: StationInput): string {
  switch (input.kind) {
    case 'message': {
      const { message } = input;
      if (message.kind === 'notification') return message.name;
      return `${message.operation} ${message.outcome}`;
    }
    case 'fault':
      return `the fault ${input.fault.kind}`;
    case 'wake':
      return 'its own timer';
    default:
      return input.kind;
  }
}
