/**
 * One device alive: a board, its MQTT connection and the clock. Carries inputs to the board and performs its effects, one
 * at a time and in order; knows no job, no step and no rule of the protocol. What crosses the wire, and what the board
 * traces, is told to one listener, which timelines, triggers and verdicts are made of.
 */
import type { DeviceTrace, DeviceView } from '../observation/inside.ts';
import type { MessageFault, InstantFault, InjectedFault, ThingFaults } from '../faults/thing-faults.ts';
import type { Direction, Operation } from '../faults/plan.ts';
import type { DeviceMessage, DeviceRequest } from '../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../protocol/time.ts';
import type { Board, BoardEffect, BoardInput } from './board/contract.ts';
import type { DeviceClock } from './device-clock.ts';
import type { ConnectionListener, DeviceConnection, DeviceCredentials } from './mqtt/device-connection.ts';
import { createUnluckyLink } from './mqtt/unlucky-link.ts';
import type { UnluckyLink } from './mqtt/unlucky-link.ts';

/** What happened to one device, in the time of the fleet's clock. */
export type DeviceEvent = { readonly at: EpochMs } & (
  | { readonly kind: 'sent'; readonly request: DeviceRequest }
  /** Told before the board sees the message. */
  | { readonly kind: 'received'; readonly message: DeviceMessage }
  | { readonly kind: 'trace'; readonly trace: DeviceTrace }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly reason?: string }
  | { readonly kind: 'power'; readonly on: boolean }
  /** Told before it takes effect; one of a message, when that is sent or has come in. */
  | { readonly kind: 'fault'; readonly fault: InjectedFault }
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
  view(): DeviceView;
  powerOn(): void;
  /** Everything volatile is gone in the middle of whatever it was; the socket vanishes without a word. */
  powerCut(): void;
  /**
   * Stops the device between two of its actions, its clock included: what arrives waits, nothing becomes due. May be called
   * by the event listener, and then takes hold before the event takes effect.
   */
  hold(): void;
  release(): void;
  /** From now on what a fault plan has for this thing goes wrong; the plan's times count from now. */
  injectAll(faults: ThingFaults): void;
  /** One fault, now. */
  inject(fault: InstantFault): void;
  /** Leaves the service and stops; resolves when the socket is closed. The board keeps what it has. */
  close(): Promise<void>;
}

/** Puts a board on the wire. It is still without power: see {@link LiveDevice.powerOn}. */
export function createLiveDevice(options: LiveDeviceOptions): LiveDevice {
  return new BoardOnTheWire(options);
}

/** What came in and the board has not seen yet. A message is told before the board gets it. */
type Arrival = { readonly input: BoardInput; readonly untold?: true };

class BoardOnTheWire implements LiveDevice {
  readonly thingName: string;
  readonly #options: LiveDeviceOptions;
  readonly #link: UnluckyLink;
  /** What the board asked for and is not performed yet; always before {@link #arrived}. */
  #asked: BoardEffect[] = [];
  #arrived: Arrival[] = [];
  #connection: DeviceConnection | undefined;
  #deadline: EpochMs | undefined;
  #cancelTimer: (() => void) | undefined;
  #running = false;
  #closed = false;
  /** When the hold began; absent while the device goes on. */
  #heldAt: EpochMs | undefined;
  /** How long the device has been held in all, less what its clock leapt: its own time is so much behind. */
  #lostMs: DurationMs = 0;
  /** The board's time never goes back. */
  #boardTime: EpochMs = 0;
  #faults: { readonly ofThing: ThingFaults; readonly since: EpochMs } | undefined;
  readonly #expected = new Set<() => void>();
  /** Until then the supply gives less than it should. */
  #weakUntil: EpochMs = 0;
  /** Power cuts that came while the device was held, by how long they last: for the device their instant is yet to come. */
  readonly #putOff: DurationMs[] = [];

  constructor(options: LiveDeviceOptions) {
    this.#options = options;
    this.thingName = options.board.thingName;
    const { clock } = options;
    this.#link = createUnluckyLink({
      clock,
      messageFault: (direction, operation) => this.#messageFault(direction, operation),
    });
  }

  view(): DeviceView {
    return this.#options.board.view();
  }

  powerOn(): void {
    this.#tell({ kind: 'power', on: true });
    this.#arrive({ input: { kind: 'power-on' } });
  }

  powerCut(): void {
    this.#asked = [];
    this.#arrived = [];
    this.#connection?.drop();
    this.#connection = undefined;
    this.#tell({ kind: 'power', on: false });
    this.#arrive({ input: { kind: 'power-cut' } });
    this.release();
  }

  hold(): void {
    this.#heldAt ??= this.#options.clock.now();
  }

  release(): void {
    if (this.#heldAt === undefined) return;
    this.#lostMs += this.#options.clock.now() - this.#heldAt;
    this.#heldAt = undefined;
    for (const forMs of this.#putOff.splice(0)) this.#failPower(forMs);
    this.#run();
  }

  injectAll(faults: ThingFaults): void {
    this.#faults = { ofThing: faults, since: this.#options.clock.now() };
    for (const fault of faults.timed) this.#later(fault.atMs, () => this.inject(fault));
  }

  inject(fault: InstantFault): void {
    if (fault.kind === 'power-cut') return this.#failPower(fault.forMs);
    this.#tell({ kind: 'fault', fault: { name: fault.kind } });
    switch (fault.kind) {
      case 'link-lost':
        return this.#link.lose(fault.forMs);
      case 'partition':
        return this.#link.block(fault.forMs);
      case 'weak-battery':
        return this.#weaken(fault.byMv, fault.forMs);
      case 'clock-jump':
        this.#lostMs -= fault.byMs;
        this.#cancelTimer?.();
        this.#deadline = undefined;
        return this.#run();
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    for (const cancel of this.#expected) cancel();
    const connection = this.#connection;
    return connection === undefined ? Promise.resolve() : new Promise((gone) => connection.disconnect(gone));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #failPower(forMs: DurationMs): void {
    if (!this.view().powered) return;
    if (this.#heldAt !== undefined) return void this.#putOff.push(forMs);
    this.#tell({ kind: 'fault', fault: { name: 'power-cut' } });
    this.powerCut();
    this.#later(forMs, () => {
      if (!this.view().powered) this.powerOn();
    });
  }

  #weaken(byMv: number, forMs: DurationMs): void {
    const { clock } = this.#options;
    this.#weakUntil = Math.max(this.#weakUntil, clock.now() + forMs);
    this.#arrive({ input: { kind: 'supply-drop', byMv } });
    this.#later(forMs, () => {
      if (clock.now() >= this.#weakUntil) this.#arrive({ input: { kind: 'supply-drop', byMv: 0 } });
    });
  }

  #messageFault(direction: Direction, operation?: Operation): MessageFault | undefined {
    if (this.#faults === undefined) return undefined;
    const { ofThing, since } = this.#faults;
    const fault = ofThing.ofMessage(direction, this.#options.clock.now() - since, operation);
    if (fault !== undefined) {
      this.#tell({
        kind: 'fault',
        fault: { name: `${direction} ${fault.effect}`, ...(operation && { operation }) },
      });
    }
    return fault;
  }

  #later(afterMs: DurationMs, happen: () => void): void {
    const { clock } = this.#options;
    const cancel = clock.setTimer(clock.now() + afterMs, () => {
      this.#expected.delete(cancel);
      happen();
    });
    this.#expected.add(cancel);
  }

  #arrive(arrival: Arrival): void {
    this.#arrived.push(arrival);
    this.#run();
  }

  /** Does what waits, until nothing does or the device is held; then sets the timer for the board's next wish. */
  #run(): void {
    if (this.#running) return;
    this.#running = true;
    while (this.#heldAt === undefined && !this.#closed) {
      const effect = this.#asked.shift();
      if (effect !== undefined) this.#obey(effect);
      else if (!this.#wakeIfDue() && !this.#takeNext()) break;
    }
    this.#running = false;
    if (this.#heldAt === undefined && !this.#closed) this.#setTimer();
  }

  /** One deadline at a time and each at its own instant, so that a hold between two of them finds the device between them. */
  #wakeIfDue(): boolean {
    const deadline = this.#options.board.nextDeadline();
    if (deadline === undefined || deadline > this.#now()) return false;
    this.#apply({ kind: 'wake' }, deadline);
    return true;
  }

  #takeNext(): boolean {
    const arrival = this.#arrived.shift();
    if (arrival === undefined) return false;
    const { input, untold } = arrival;
    if (untold && input.kind === 'message') {
      // It waits in front until it is told: whoever hears of it may hold the device or cut its power first.
      this.#arrived.unshift({ input });
      this.#tell({ kind: 'received', message: input.message });
    } else this.#apply(input, this.#now());
    return true;
  }

  #apply(input: BoardInput, at: EpochMs): void {
    this.#boardTime = Math.max(this.#boardTime, at);
    this.#asked.push(...this.#options.board.apply(input, this.#boardTime));
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
        this.#tell({ kind: 'sent', request: effect.request });
        return this.#connection.publish(effect.request);
      case 'trace':
        return this.#tell({ kind: 'trace', trace: effect.trace });
    }
  }

  #connect(): void {
    this.#connection?.drop();
    const { endpoint, credentials } = this.#options;
    const listener: ConnectionListener = {
      connected: (sessionPresent) => {
        this.#tell({ kind: 'connected' });
        this.#arrive({ input: { kind: 'connected', sessionPresent } });
      },
      subscribed: () => this.#arrive({ input: { kind: 'subscribed' } }),
      message: (message) => this.#arrive({ input: { kind: 'message', message }, untold: true }),
      closed: (reason) => {
        this.#connection = undefined;
        this.#tell({ kind: 'disconnected', ...(reason && { reason: reason.message }) });
        this.#arrive({ input: { kind: 'disconnected' } });
      },
    };
    this.#connection = this.#link.open({
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
    this.#tell({ kind: 'disconnected' });
  }

  #setTimer(): void {
    const deadline = this.#options.board.nextDeadline();
    if (deadline === this.#deadline) return;
    this.#cancelTimer?.();
    this.#deadline = deadline;
    this.#cancelTimer =
      deadline === undefined
        ? undefined
        : this.#options.clock.setTimer(deadline + this.#lostMs, () => {
            this.#deadline = undefined;
            this.#run();
          });
  }

  /** The device's own time. */
  #now(): EpochMs {
    return this.#options.clock.now() - this.#lostMs;
  }

  #tell(event: WithoutTime<DeviceEvent>): void {
    this.#options.onEvent?.({ ...event, at: this.#options.clock.now() });
  }
}

type WithoutTime<Event> = Event extends DeviceEvent ? Omit<Event, 'at'> : never;
