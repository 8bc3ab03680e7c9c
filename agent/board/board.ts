/**
 * A device and the firmware on it as one machine (contract.ts): lets everything happen at its own time, however late it is
 * woken. While an erase stalls the CPU or the radio sleeps, whatever comes from outside waits. A message larger than the MQTT
 * buffer is drained, and the agent learns only that it came.
 */
import { seededChance } from '../../faults/chance.ts';
import type { DeviceView } from '../../observation/inside.ts';
import type { GrantedFilter } from '../../observation/observation.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { type AgentBehaviour, referenceAgent } from '../core/behaviour.ts';
import type { AgentInput, Checkpoint, OversizeMessage } from '../core/contract.ts';
import { Device } from '../device/device.ts';
import { type ImageOrigin, honestOrigin } from '../device/image.ts';
import type { HardwareProfile } from '../device/profile.ts';
import { Radio } from '../device/radio.ts';
import { BoardView } from './board-view.ts';
import type { Board, BoardEffect, BoardInput } from './contract.ts';
import { Firmware, type FirmwareGround } from './firmware.ts';

export interface BoardOptions {
  readonly thingName: string;
  /** Of the chance in the agent's pauses and in what the hardware does. */
  readonly seed: number;
  readonly hardware: HardwareProfile;
  /** Job namespaces served besides the plain queue. Default none. */
  readonly namespaces?: readonly string[];
  /** Of the firmware that the device comes with. Default `1.0.0`. */
  readonly initialVersion?: string;
  /** Default: the reference agent. */
  readonly agent?: AgentBehaviour;
  /** Where images come from. Default: each is what its description says, and works. */
  readonly origin?: ImageOrigin;
}

export function createBoard(options: BoardOptions): Board {
  return new TimedBoard(options);
}

/** A bound for what goes on without end: more than the largest image at the smallest segments, over a leap of the clock. */
const mostAtOnce = 1_000_000;

/** What comes over the air, or says that nothing will. */
type OutsideInput = Exclude<
  BoardInput,
  { readonly kind: 'power-on' | 'power-cut' | 'supply-drop' | 'network' | 'memory-fault' | 'wake' }
>;

const nothing: BoardEffect[] = [];
const wake: AgentInput = { kind: 'wake' };

class TimedBoard implements Board, FirmwareGround {
  readonly thingName: string;
  readonly keepAliveMs: DurationMs;
  time: EpochMs = 0;
  readonly #bufferBytes: number;
  readonly #device: Device<Checkpoint>;
  readonly #radio: Radio;
  readonly #firmware: Firmware;
  /** What arrived while nobody listened, in order. */
  #waiting: OutsideInput[] = [];
  #effects = nothing;
  /** As it is now; absent: to be made anew. */
  #view: DeviceView | undefined;

  constructor({ thingName, seed, hardware, agent = referenceAgent, ...options }: BoardOptions) {
    const { namespaces = [], initialVersion = '1.0.0', origin = honestOrigin } = options;
    this.thingName = thingName;
    this.keepAliveMs = hardware.link.keepAliveMs;
    this.#bufferBytes = hardware.ram.mqttBufferBytes;
    const chance = seededChance(seed).fork(`hardware of ${thingName}`);
    const device = new Device<Checkpoint>({ profile: hardware, initialVersion, origin, chance });
    this.#device = device;
    this.#radio = new Radio(hardware);
    this.#firmware = new Firmware({ thingName, seed, hardware, namespaces, behaviour: agent, device, ground: this });
  }

  apply(input: BoardInput, now: EpochMs): readonly BoardEffect[] {
    this.#view = undefined;
    this.#catchUp(now);
    this.time = Math.max(this.time, now);
    this.#take(input);
    const effects = this.#effects;
    this.#effects = nothing;
    return effects;
  }

  nextDeadline(): EpochMs | undefined {
    return this.#earliest(this.#device.nextDeadline());
  }

  nextSign(): EpochMs | undefined {
    const stretch = this.#firmware.agent?.stretch();
    return this.#earliest(stretch === undefined ? this.#device.nextDeadline() : this.#device.nextSign(stretch));
  }

  /** @param device when the hardware wants to be woken */
  #earliest(device: EpochMs | undefined): EpochMs | undefined {
    const { agentDeadline, streamDeadline, awaitsClock, clock } = this.#firmware;
    let earliest = Math.min(
      device ?? Infinity,
      streamDeadline ?? Infinity,
      awaitsClock ? clock.setAt : Infinity,
      this.#radio.nextDeadline() ?? Infinity,
    );
    // Nothing is heard before it comes.
    if (this.#waiting.length > 0) earliest = Math.min(earliest, this.#listensAt(this.time));
    if (agentDeadline !== undefined && agentDeadline < earliest) {
      earliest = Math.min(earliest, this.#listensAt(Math.max(agentDeadline, this.time)));
    }
    return earliest === Infinity ? undefined : earliest;
  }

  view(): DeviceView {
    return (this.#view ??= new BoardView(this.#device, this.#firmware));
  }

  /** When the agent hears of what happens at this instant. */
  #listensAt(at: EpochMs): EpochMs {
    return this.#radio.hearsAt(this.#device.freeAt(at));
  }

  /**
   * Whatever was due before now happens at its own time, in order. Only the first of the agent's deadlines does: when the
   * clock has leapt over many, it is woken once for the rest, so that an idle device does not ask a hundred times for the
   * hundred pauses that it missed.
   */
  #catchUp(now: EpochMs): void {
    for (let happened = 0; ; happened += 1) {
      if (happened > mostAtOnce)
        throw new Error(`${this.thingName} does ${mostAtOnce} things and does not come to rest`);
      const due = this.nextDeadline();
      if (due === undefined || due > now) return;
      this.time = Math.max(this.time, due);
      if (this.#happen()) this.time = now;
    }
  }

  /** The first of what is due now: what waited is heard before the hardware goes on. @returns whether a pause was over: a clock that leapt ends it once */
  #happen(): boolean {
    const { time } = this;
    const firmware = this.#firmware;
    const waiting = this.#waiting[0];
    if (waiting !== undefined && this.#listensAt(time) <= time) {
      this.#waiting.shift();
      this.#hear(waiting);
      return false;
    }
    const event = this.#device.advance(time);
    if (event !== undefined) firmware.onDevice(event);
    else if ((firmware.streamDeadline ?? Infinity) <= time) {
      firmware.askAgain();
      return true;
    } else if (firmware.awaitsClock && firmware.clock.isSet(time)) firmware.connect();
    else if ((this.#radio.nextDeadline() ?? Infinity) <= time) this.#fallAsleep();
    else {
      firmware.tell(wake);
      return true;
    }
    return false;
  }

  #take(input: BoardInput): void {
    switch (input.kind) {
      case 'power-on':
        return this.#device.powerOn(this.time);
      case 'power-cut':
        this.#firmware.loseVolatile();
        return this.#device.powerCut(this.time);
      case 'supply-drop':
        return this.#device.weakenSupply(input.byMv);
      case 'network':
        return this.#device.setNetwork(input.isThere, this.time);
      case 'memory-fault':
        return this.#device.spoil(input);
      case 'wake':
        return; // what was due has been done
      default:
        if (this.#waiting.length > 0 || this.#listensAt(this.time) > this.time) this.#waiting.push(input);
        else this.#hear(input);
    }
  }

  #hear(input: OutsideInput): void {
    const firmware = this.#firmware;
    switch (input.kind) {
      case 'connected':
        return firmware.connected();
      case 'disconnected':
        firmware.hangUp();
        return firmware.tell({ kind: 'disconnected' });
      case 'subscribed':
        return firmware.tell({
          kind: 'subscribed',
          refused: input.filters.filter(isRefused).map(({ filter }) => filter),
        });
      case 'stream':
        return firmware.receive(input.answer);
      case 'message':
        return firmware.tell(received(input.message, this.#bufferBytes));
    }
  }

  // What the firmware asks.

  show(effect: BoardEffect): void {
    if (this.#effects === nothing) this.#effects = [effect];
    else this.#effects.push(effect);
  }

  forgetWaiting(): void {
    this.#waiting = [];
  }

  lostVolatile(): void {
    this.#waiting = [];
    this.#radio.wake(this.time, false);
  }

  stayAwake(): void {
    const sleptMs = this.#radio.wake(this.time, this.#firmware.agent?.isIdle() === true);
    if (sleptMs !== undefined) this.show({ kind: 'trace', trace: { kind: 'awake', sleptMs }, at: this.time });
  }

  /** The service hangs up on a client that sleeps too long; the device finds that out when it wakes. */
  #fallAsleep(): void {
    this.#radio.fallAsleep();
    this.show({ kind: 'trace', trace: { kind: 'asleep' }, at: this.time });
    if (!this.#radio.outsleepsConnection) return;
    this.show({ kind: 'disconnect', abruptly: true });
    this.#waiting = [{ kind: 'disconnected' }];
  }
}

function isRefused({ qos }: GrantedFilter): boolean {
  return qos === undefined;
}

function received(message: DeviceMessage, bufferBytes: number): AgentInput {
  return message.bytes > bufferBytes
    ? { kind: 'oversize', message: withoutPayload(message) }
    : { kind: 'message', message };
}

function withoutPayload({ payload: _drained, ...rest }: DeviceMessage): OversizeMessage {
  return rest as OversizeMessage;
}
