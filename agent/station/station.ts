/**
 * The station (contract.ts). One loop does what is due, in order of time and one thing at a time: what the board asked for
 * first, then what is on its way over the link, timers, and the board's own deadline. So an observer that holds the device or
 * cuts its power finds it between two of its actions. Power and clock are here; the connection is connection.ts, what faults
 * do is fault-injection.ts.
 */
import type { Chance } from '../../faults/chance.ts';
import type { LinkConditions } from '../../faults/link.ts';
import type { ThingFaults } from '../../faults/thing-faults.ts';
import type { DeviceView } from '../../observation/inside.ts';
import type { Observer } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Board, BoardEffect, BoardInput } from '../board/contract.ts';
import { Connection } from './connection.ts';
import type { Station, StationEffect, StationFault, StationInput } from './contract.ts';
import { FaultInjection } from './fault-injection.ts';
import type { Ground } from './ground.ts';
import { Reporter } from './reporter.ts';
import { StationFaults } from './station-faults.ts';
import { Timetable, type TimetableEntry } from './timetable.ts';

export interface StationOptions {
  readonly board: Board;
  /** What is added to the transport's own latency. Default: nothing. */
  readonly link?: LinkConditions;
  /** Of the link's jitter. */
  readonly chance: Chance;
  /** Default: a clean session. */
  readonly keepsSession?: boolean;
  readonly observer: Observer;
  /** `sign`: the board is woken only when it does something that can be seen from outside; it catches up then. */
  readonly grain?: 'operation' | 'sign';
}

export function createStation(options: StationOptions): Station {
  return new BoardOnALink(options);
}

const directly: LinkConditions = { latencyMs: 0, jitterMs: 0 };

/** A bound for what goes on without end at one instant. */
const mostAtOnce = 1_000_000;

const wake: BoardInput = { kind: 'wake' };
const nothing: StationEffect[] = [];

class BoardOnALink implements Station, Ground {
  readonly thingName: string;
  readonly keepsSession: boolean;
  readonly reporter: Reporter;
  now: EpochMs = 0;
  readonly #board: Board;
  readonly #followsClosely: boolean;
  readonly #timetable = new Timetable();
  readonly #faults = new StationFaults();
  readonly #connection: Connection;
  readonly #injection: FaultInjection;
  readonly #lookInside = (): DeviceView => this.#board.view();
  #effects = nothing;
  /** What the board asked for, and how much of that is done. */
  #asked: readonly BoardEffect[] = [];
  #askedDone = 0;
  /** What an observer put in while the station was at work. */
  #interjected: StationInput[] = [];
  #isAtWork = false;
  /** The device's clock runs this far ahead; a hold lets it fall behind. */
  #aheadMs: DurationMs = 0;
  /** The board's deadline, by the time of the run. */
  #dueAt: EpochMs | undefined;
  #heldAt: EpochMs | undefined;
  /** Faults that came while the device was held. */
  readonly #putOff: StationInput[] = [];
  #isPowered = false;

  constructor({ board, link, chance, keepsSession = false, observer, grain }: StationOptions) {
    this.#board = board;
    this.thingName = board.thingName;
    this.keepsSession = keepsSession;
    this.reporter = new Reporter(board.thingName, observer);
    this.#followsClosely = grain !== 'sign';
    const faults = this.#faults;
    this.#connection = new Connection({ ground: this, faults, conditions: link ?? directly, chance, keepsSession });
    this.#injection = new FaultInjection(this, faults, this.#connection, board.keepAliveMs);
  }

  view(): DeviceView {
    return this.#board.view();
  }

  get heldBackUntil(): EpochMs {
    return this.#connection.heldBackUntil;
  }

  nextDeadline(): EpochMs | undefined {
    if (this.#heldAt !== undefined) return undefined;
    const { first } = this.#timetable;
    if (first === undefined || this.#dueAt === undefined) return first?.at ?? this.#dueAt;
    return Math.min(first.at, this.#dueAt);
  }

  apply(input: StationInput, now: EpochMs): readonly StationEffect[] {
    this.now = Math.max(this.now, now);
    if (this.#isAtWork) {
      this.#interject(input);
      return nothing;
    }
    this.#isAtWork = true;
    this.#take(input);
    this.#work();
    this.#isAtWork = false;
    const effects = this.#effects;
    this.#effects = nothing;
    return effects;
  }

  /** A hold takes hold at once, before what was seen takes effect. */
  #interject(input: StationInput): void {
    if (input.kind === 'hold') this.#hold();
    else this.#interjected.push(input);
  }

  #work(): void {
    for (let done = 0; ; done += 1) {
      if (done > mostAtOnce) throw new Error(`the station of ${this.thingName} does not come to rest`);
      const interjected = this.#interjected.length === 0 ? undefined : this.#interjected.shift();
      if (interjected !== undefined) this.#take(interjected);
      else if (this.#heldAt !== undefined || !this.#doNext()) return;
    }
  }

  /** @returns false when nothing is due */
  #doNext(): boolean {
    const asked = this.#asked[this.#askedDone];
    if (asked !== undefined) {
      this.#askedDone += 1;
      this.#obey(asked);
      return true;
    }
    const { first } = this.#timetable;
    const dueAt = this.#dueAt;
    if (dueAt !== undefined && dueAt <= this.now && (first === undefined || dueAt <= first.at)) {
      this.feed(wake, dueAt);
      return true;
    }
    if (first === undefined || first.at > this.now) return false;
    this.#timetable.takeFirst();
    const isOver = first.over !== undefined && !this.#connection.isOn(first.over);
    if (!isOver && first.happen(first.what) === true) this.#timetable.putBack(first);
    return true;
  }

  #take(input: StationInput): void {
    switch (input.kind) {
      case 'power-on':
        return this.#powerOn();
      case 'power-off':
        this.#powerOff();
        return this.#release();
      case 'faults':
      case 'fault':
        if (this.#heldAt !== undefined) return void this.#putOff.push(input);
        return input.kind === 'fault' ? this.#inject(input.fault) : this.#plan(input.faults);
      case 'end-faults':
        this.#faults.end();
        this.#injection.mend();
        return this.#powerOn();
      case 'hold':
        return this.#hold();
      case 'release':
        return this.#release();
      case 'connack':
        return this.#connection.onConnack(input.connection, input.sessionPresent);
      case 'suback':
        return this.#connection.onSuback(input.connection, input.filters);
      case 'message':
        return this.#connection.onMessage(input.connection, input.message);
      case 'stream':
        return this.#connection.onStream(input.connection, input.answer);
      case 'closed':
        return this.#connection.onClosed(input.connection, input.end, input.reason);
      case 'wake':
        return; // what is due is done by the loop
    }
  }

  // Faults.

  #plan(faults: ThingFaults): void {
    this.#faults.plan(faults, this.now);
    const { ends } = this.#faults;
    for (const fault of faults.timed) {
      this.later(fault.atMs, () => {
        if (this.#faults.ends === ends) this.#inject(fault);
      });
    }
  }

  #inject(fault: StationFault): void {
    if (fault.kind === 'power-cut') this.#cutPower(fault.forMs);
    else if (fault.kind === 'clock-jump') this.#leap(fault.byMs);
    else this.#injection.inject(fault);
  }

  #cutPower(forMs: DurationMs): void {
    if (!this.#isPowered) return;
    this.reporter.fault(this.now, 'power-cut');
    this.#powerOff();
    this.later(forMs, () => this.#powerOn());
  }

  /** What was due before happens by the clock as it was; then everything that was skipped, in one go. */
  #leap(byMs: DurationMs): void {
    this.reporter.fault(this.now, 'clock-jump');
    this.feed(wake);
    this.#aheadMs += byMs;
    this.feed(wake);
  }

  // Power, clock and board.

  #powerOn(): void {
    if (this.#isPowered) return;
    this.#isPowered = true;
    this.reporter.power(this.now, true);
    this.feed({ kind: 'power-on' });
  }

  #powerOff(): void {
    if (!this.#isPowered) return;
    this.#isPowered = false;
    this.#askedDone = this.#asked.length;
    this.reporter.power(this.now, false);
    this.#connection.leave('without-a-word', 'lost');
    this.feed({ kind: 'power-cut' });
  }

  #hold(): void {
    this.#heldAt ??= this.now;
  }

  #release(): void {
    if (this.#heldAt === undefined) return;
    this.#aheadMs -= this.now - this.#heldAt;
    this.#heldAt = undefined;
    this.#arm();
    this.#interjected.push(...this.#putOff.splice(0));
  }

  get isInterrupted(): boolean {
    return this.#heldAt !== undefined || this.#interjected.length > 0;
  }

  feed(input: BoardInput, at = this.now): void {
    const effects = this.#board.apply(input, at + this.#aheadMs);
    // Told by the clock that the board had then: before it is obeyed, the clock may leap.
    if (effects.length > 0) this.#ask(this.#aheadMs === 0 ? effects : effects.map((one) => this.#byOurClock(one)));
    this.reporter.moved(this.now, this.#lookInside);
    this.#arm();
  }

  #ask(effects: readonly BoardEffect[]): void {
    const left = this.#asked.length - this.#askedDone;
    this.#asked = left === 0 ? effects : [...this.#asked.slice(-left), ...effects];
    this.#askedDone = 0;
  }

  #byOurClock(effect: BoardEffect): BoardEffect {
    return effect.kind === 'trace' ? { ...effect, at: effect.at - this.#aheadMs } : effect;
  }

  /** The board or its clock has moved, so its deadline may have. */
  #arm(): void {
    const deadline = this.#followsClosely ? this.#board.nextDeadline() : this.#board.nextSign();
    this.#dueAt = deadline === undefined ? undefined : deadline - this.#aheadMs;
  }

  #obey(effect: BoardEffect): void {
    switch (effect.kind) {
      case 'connect':
        return this.#connection.connect();
      case 'disconnect':
        return this.#connection.leave(effect.abruptly === true ? 'without-a-word' : 'goodbye', 'by-device');
      case 'subscribe':
        return this.#connection.subscribe(effect.filters);
      case 'request':
        return this.#connection.send(effect.request);
      case 'ask-blocks':
        return this.#connection.askForBlocks(effect.request);
      case 'trace':
        return this.reporter.traced(effect.at, effect.trace);
    }
  }

  at<What>(entry: TimetableEntry<What>): void {
    this.#timetable.add(entry);
  }

  later(afterMs: DurationMs, happen: () => void): void {
    this.#timetable.add({ at: this.now + afterMs, happen, what: undefined, over: undefined });
  }

  perform(effect: StationEffect): void {
    if (this.#effects === nothing) this.#effects = [effect];
    else this.#effects.push(effect);
  }
}
