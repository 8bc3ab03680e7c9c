/**
 * One device alive: a board, its MQTT connection and the clock. Carries inputs to the board and performs its effects, one
 * at a time and in order; knows no job, no step and no rule of the protocol. What crosses the wire, and what the board
 * traces, is told to one listener, which timelines, triggers and verdicts are made of.
 */
import type { DeviceMessage, DeviceRequest } from '../protocol/device-messages.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { Board, BoardEffect, BoardInput, BoardTrace, BoardView } from './board/contract.ts';
import type { DeviceClock } from './device-clock.ts';
import { openDeviceConnection } from './mqtt/device-connection.ts';
import type { ConnectionListener, DeviceConnection, DeviceCredentials } from './mqtt/device-connection.ts';

/** What happened to one device, in device time. */
export type DeviceEvent = { readonly at: EpochMs } & (
  | { readonly kind: 'sent'; readonly request: DeviceRequest }
  /** Told before the board sees the message. */
  | { readonly kind: 'received'; readonly message: DeviceMessage }
  | { readonly kind: 'trace'; readonly trace: BoardTrace }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly reason?: string }
  | { readonly kind: 'power'; readonly on: boolean }
);

export interface LiveDeviceOptions {
  readonly board: Board;
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. The client id is the thing's name. */
  readonly endpoint: string;
  readonly clock: DeviceClock;
  readonly credentials?: DeviceCredentials;
  readonly onEvent?: (event: DeviceEvent) => void;
}

export interface LiveDevice extends AsyncDisposable {
  readonly thingName: string;
  view(): BoardView;
  powerOn(): void;
  /** Everything volatile is gone in the middle of whatever it was; the socket vanishes without a word. */
  powerCut(): void;
  /**
   * Stops the device between two of its actions, as a long flash erase stops a CPU: what arrives waits, deadlines pass
   * unseen. May be called by the event listener, and then takes hold before the event takes effect.
   */
  hold(): void;
  release(): void;
  /** Leaves the service and stops; resolves when the socket is closed. The board keeps what it has. */
  close(): Promise<void>;
}

/** Puts a board on the wire. It is still without power: see {@link LiveDevice.powerOn}. */
export function createLiveDevice(options: LiveDeviceOptions): LiveDevice {
  return new BoardOnTheWire(options);
}

type Action =
  | { readonly kind: 'input'; readonly input: BoardInput }
  | { readonly kind: 'effect'; readonly effect: BoardEffect }
  | { readonly kind: 'message'; readonly message: DeviceMessage };

class BoardOnTheWire implements LiveDevice {
  readonly thingName: string;
  readonly #options: LiveDeviceOptions;
  /** What the board asked for and is not performed yet; always before {@link #arrived}. */
  #asked: Action[] = [];
  #arrived: Action[] = [];
  #connection: DeviceConnection | undefined;
  #deadline: EpochMs | undefined;
  #cancelTimer: (() => void) | undefined;
  #running = false;
  #held = false;
  #closed = false;

  constructor(options: LiveDeviceOptions) {
    this.#options = options;
    this.thingName = options.board.thingName;
  }

  view(): BoardView {
    return this.#options.board.view();
  }

  powerOn(): void {
    this.#tell({ at: this.#now(), kind: 'power', on: true });
    this.#arrive({ kind: 'input', input: { kind: 'power-on' } });
  }

  powerCut(): void {
    this.#asked = [];
    this.#arrived = [];
    this.#connection?.drop();
    this.#connection = undefined;
    this.#held = false;
    this.#tell({ at: this.#now(), kind: 'power', on: false });
    this.#arrive({ kind: 'input', input: { kind: 'power-cut' } });
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#run();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    const connection = this.#connection;
    return connection === undefined ? Promise.resolve() : new Promise((gone) => connection.disconnect(gone));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #arrive(action: Action): void {
    this.#arrived.push(action);
    this.#run();
  }

  /** Does what waits, until nothing does or the device is held; then sets the timer for the board's next wish. */
  #run(): void {
    if (this.#running) return;
    this.#running = true;
    while (!this.#held && !this.#closed) {
      const action = this.#asked.shift() ?? this.#arrived.shift();
      if (action === undefined) break;
      this.#perform(action);
    }
    this.#running = false;
    if (!this.#held && !this.#closed) this.#setTimer();
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case 'input':
        return this.#apply(action.input);
      case 'message':
        // Waits in front until it is told: whoever hears of it may hold the device or cut its power first.
        this.#arrived.unshift({ kind: 'input', input: { kind: 'message', message: action.message } });
        return this.#tell({ at: this.#now(), kind: 'received', message: action.message });
      case 'effect':
        return this.#obey(action.effect);
    }
  }

  #apply(input: BoardInput): void {
    for (const effect of this.#options.board.apply(input, this.#now())) this.#asked.push({ kind: 'effect', effect });
  }

  #obey(effect: BoardEffect): void {
    switch (effect.kind) {
      case 'connect':
        return this.#connect();
      case 'disconnect':
        return this.#disconnect();
      case 'subscribe':
        return this.#connection?.subscribe(effect.filters);
      case 'request':
        if (this.#connection === undefined) return;
        this.#tell({ at: this.#now(), kind: 'sent', request: effect.request });
        return this.#connection.publish(effect.request);
      case 'trace':
        return this.#tell({ at: this.#now(), kind: 'trace', trace: effect.trace });
    }
  }

  #connect(): void {
    this.#connection?.drop();
    const { endpoint, credentials } = this.#options;
    const listener: ConnectionListener = {
      connected: (sessionPresent) => {
        this.#tell({ at: this.#now(), kind: 'connected' });
        this.#arrive({ kind: 'input', input: { kind: 'connected', sessionPresent } });
      },
      subscribed: () => this.#arrive({ kind: 'input', input: { kind: 'subscribed' } }),
      message: (message) => this.#arrive({ kind: 'message', message }),
      closed: (reason) => {
        this.#connection = undefined;
        this.#tell({ at: this.#now(), kind: 'disconnected', ...(reason && { reason: reason.message }) });
        this.#arrive({ kind: 'input', input: { kind: 'disconnected' } });
      },
    };
    this.#connection = openDeviceConnection({
      endpoint,
      thingName: this.thingName,
      listener,
      ...(credentials && { credentials }),
    });
  }

  #disconnect(): void {
    if (this.#connection === undefined) return;
    this.#connection.disconnect();
    this.#connection = undefined;
    this.#tell({ at: this.#now(), kind: 'disconnected' });
  }

  #setTimer(): void {
    const deadline = this.#options.board.nextDeadline();
    if (deadline === this.#deadline) return;
    this.#cancelTimer?.();
    this.#deadline = deadline;
    this.#cancelTimer =
      deadline === undefined
        ? undefined
        : this.#options.clock.setTimer(deadline, () => {
            this.#deadline = undefined;
            if (!this.#held) this.#arrive({ kind: 'input', input: { kind: 'wake' } });
          });
  }

  #now(): EpochMs {
    return this.#options.clock.now();
  }

  #tell(event: DeviceEvent): void {
    this.#options.onEvent?.(event);
  }
}
