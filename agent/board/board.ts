/**
 * Composes a device and the job agent that runs on it: feeds the agent what the hardware and the wire say, does on the
 * hardware what the agent asks, and lets everything happen at its own time, however late it is woken. While an erase stalls
 * the CPU or the radio sleeps, whatever comes from outside waits. A message larger than the MQTT buffer is drained, and the
 * agent learns only that it came. Decides nothing about jobs.
 */
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { GrantedFilter } from '../../observation/observation.ts';
import { seededChance } from '../../faults/chance.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { createAgent } from '../core/agent.ts';
import { type AgentBehaviour, referenceAgent } from '../core/behaviour.ts';
import type {
  Agent,
  AgentEffect,
  AgentInput,
  BootFacts,
  Checkpoint,
  Operation,
  OversizeMessage,
} from '../core/contract.ts';
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';
import type { BootOutcome } from '../device/boot-loader.ts';
import { Device, type DeviceEvent, type ImageOrigin, honestOrigin } from '../device/device.ts';
import { FirmwareClock } from '../device/firmware-clock.ts';
import { type HardwareProfile, freeForJobs } from '../device/profile.ts';
import { Radio } from '../device/radio.ts';
import type { Board, BoardEffect, BoardInput } from './contract.ts';
import { perform } from './perform.ts';
import { StreamDownload } from './stream-download.ts';
import { SideEffects } from './side-effects.ts';

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
  return new AgentOnDevice(options);
}

/** Bounds for what goes on without end: more than the largest image at the smallest segments, over a leap of the clock. */
const mostAtOnce = 1_000_000;
/** Of operations that take no time; a job has a few. */
const mostInARow = 10_000;

/** What comes over the air, or says that nothing will. */
type OutsideInput = Exclude<
  BoardInput,
  { readonly kind: 'power-on' | 'power-cut' | 'supply-drop' | 'network' | 'memory-fault' | 'wake' }
>;

class AgentOnDevice implements Board {
  readonly thingName: string;
  readonly keepAliveMs: DurationMs;
  readonly #options: BoardOptions;
  readonly #behaviour: AgentBehaviour;
  readonly #device: Device<Checkpoint>;
  readonly #radio: Radio;
  readonly #clock: FirmwareClock;
  /** Absent while there is no power and while the device boots. */
  #agent: Agent | undefined;
  #connected = false;
  /** Wants to connect as soon as the clock is set. */
  #connects = false;
  readonly #sideEffects = new SideEffects();
  /** The download under way, where it comes by an MQTT stream, and whether the hardware has done its part. */
  #stream:
    | { readonly download: StreamDownload; readonly execution: ExecutionIdentity | undefined; isHardwareDone: boolean }
    | undefined;
  /** Replaced at every download, so that it can be handed out as it is. */
  #downloads: DeviceView['downloads'] = {};
  /** What arrived while nobody listened, in order. */
  #waiting: OutsideInput[] = [];
  #effects: BoardEffect[] = [];
  /** The latest instant at which anything happened. */
  #time: EpochMs = 0;

  constructor(options: BoardOptions) {
    const {
      thingName,
      seed,
      hardware,
      initialVersion = '1.0.0',
      agent = referenceAgent,
      origin = honestOrigin,
    } = options;
    this.#options = options;
    this.#behaviour = agent;
    this.thingName = thingName;
    this.keepAliveMs = hardware.link.keepAliveMs;
    const chance = seededChance(seed).fork(`hardware of ${thingName}`);
    this.#device = new Device({ profile: hardware, initialVersion, origin, chance });
    this.#radio = new Radio(hardware);
    this.#clock = new FirmwareClock(agent.timeBase);
  }

  apply(input: BoardInput, now: EpochMs): readonly BoardEffect[] {
    this.#effects = [];
    this.#catchUp(now);
    this.#time = Math.max(this.#time, now);
    this.#take(input);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  nextDeadline(): EpochMs | undefined {
    return this.#earliest(this.#device.nextDeadline());
  }

  nextSign(): EpochMs | undefined {
    const stretch = this.#agent?.stretch();
    return this.#earliest(stretch === undefined ? this.#device.nextDeadline() : this.#device.nextSign(stretch));
  }

  #earliest(device: EpochMs | undefined): EpochMs | undefined {
    const ofAgent = this.#agentDeadline();
    const earliest = Math.min(
      device ?? Infinity,
      ofAgent === undefined ? Infinity : this.#listensAt(Math.max(ofAgent, this.#time)),
      this.#waiting.length === 0 ? Infinity : this.#listensAt(this.#time),
      this.#stream?.download.deadline ?? Infinity,
      this.#connects ? this.#clock.setAt : Infinity,
      this.#radio.nextDeadline() ?? Infinity,
    );
    return earliest === Infinity ? undefined : earliest;
  }

  view(): DeviceView {
    const { loader, memory, record } = this.#device;
    const work = this.#agent?.work();
    return {
      powered: this.#device.powered,
      connected: this.#connected,
      step: work?.step ?? 'idle',
      execution: work?.execution,
      runningVersion: loader.running.image?.version ?? '',
      slots: loader.slots.map(({ image, state }) => ({ version: image?.version, state })),
      activeSlot: loader.active,
      ram: { usedBytes: memory.usedBytes, budgetBytes: memory.budgetBytes },
      openDownload: this.#device.hasOpenDownload,
      flash: { erases: this.#device.flashCounters.erases, wear: this.#device.flashCounters.wear },
      checkpoint: record.read(),
      boots: this.#device.boots,
      sideEffects: this.#sideEffects.times(),
      partsDone: this.#sideEffects.parts(),
      downloads: this.#downloads,
    };
  }

  #agentDeadline(): EpochMs | undefined {
    const ofAgent = this.#agent?.nextDeadline();
    return ofAgent === undefined ? undefined : this.#clock.instantOf(ofAgent, this.#time);
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
      this.#time = Math.max(this.#time, due);
      if (this.#happen()) this.#time = now;
    }
  }

  /** The first of what is due now: what waited is heard before the hardware goes on. @returns whether a pause was over: a clock that leapt ends it once */
  #happen(): boolean {
    const waiting = this.#waiting[0];
    if (waiting !== undefined && this.#listensAt(this.#time) <= this.#time) {
      this.#waiting.shift();
      this.#hear(waiting);
      return false;
    }
    const event = this.#device.advance(this.#time);
    if (event !== undefined) this.#onDevice(event);
    else if ((this.#stream?.download.deadline ?? Infinity) <= this.#time) {
      this.#askAgain();
      return true;
    } else if (this.#connects && this.#clock.isSet(this.#time)) this.#connect();
    else if ((this.#radio.nextDeadline() ?? Infinity) <= this.#time) this.#fallAsleep();
    else {
      this.#tell({ kind: 'wake' });
      return true;
    }
    return false;
  }

  #take(input: BoardInput): void {
    switch (input.kind) {
      case 'power-on':
        return this.#device.powerOn(this.#time);
      case 'power-cut':
        this.#die();
        return this.#device.powerCut(this.#time);
      case 'supply-drop':
        return this.#device.weakenSupply(input.byMv);
      case 'network':
        return this.#device.setNetwork(input.isThere, this.#time);
      case 'memory-fault':
        return this.#device.spoil(input);
      case 'wake':
        return; // what was due has been done
      default:
        if (this.#waiting.length > 0 || this.#listensAt(this.#time) > this.#time) this.#waiting.push(input);
        else this.#hear(input);
    }
  }

  #hear(input: OutsideInput): void {
    switch (input.kind) {
      case 'connected':
        if (this.#agent === undefined) return;
        this.#connected = true;
        this.#device.openConnection();
        return this.#tell({ kind: 'connected' });
      case 'disconnected':
        this.#hangUp();
        return this.#tell({ kind: 'disconnected' });
      case 'subscribed':
        return this.#tell({ kind: 'subscribed', refused: input.filters.filter(isRefused).map(({ filter }) => filter) });
      case 'stream':
        return this.#receive(input.answer);
      case 'message':
        return this.#tell(received(input.message, this.#options.hardware.ram.mqttBufferBytes));
    }
  }

  #onDevice(event: DeviceEvent): void {
    switch (event.kind) {
      case 'booted':
        return this.#boot(event.outcome);
      case 'crashed':
        this.#trace({ kind: 'crash', cause: event.cause });
        this.#effects.push({ kind: 'disconnect', abruptly: true });
        return this.#die();
      case 'ended':
        if (event.failure === undefined && this.#stream?.download.isWhole === false) {
          this.#stream.isHardwareDone = true;
          return;
        }
        this.#stream = undefined;
        return this.#tell(event.failure === undefined ? { kind: 'done' } : { kind: 'done', failure: event.failure });
    }
  }

  /** A message larger than the MQTT buffer is drained, and as good as lost. */
  #receive(answer: StreamAnswer): void {
    const stream = this.#stream;
    if (stream === undefined || answer.messageBytes > this.#options.hardware.ram.mqttBufferBytes) return;
    switch (stream.download.take(answer)) {
      case 'unrelated':
        return;
      case 'failed':
        return this.#failDownload();
      case 'received':
        if (!stream.download.isWhole) return this.#askForBlock(stream.download);
        if (!stream.isHardwareDone) return;
        this.#stream = undefined;
        return this.#tell({ kind: 'done' });
    }
  }

  #askAgain(): void {
    const { download } = this.#stream!;
    if (download.isHopeless) this.#failDownload();
    else this.#askForBlock(download);
  }

  #askForBlock(download: StreamDownload): void {
    if (!this.#transmit()) return;
    const request = download.ask(this.#time);
    const execution = this.#stream?.execution;
    if (execution !== undefined) this.#trace({ kind: 'download', execution, ...download.extentOf(request) });
    this.#effects.push({ kind: 'ask-blocks', request });
  }

  #failDownload(): void {
    this.#stream = undefined;
    this.#device.abort(this.#time);
    this.#tell({ kind: 'done', failure: 'download-failed' });
  }

  #boot(outcome: BootOutcome): void {
    const { record, boots } = this.#device;
    const checkpoint = record.read();
    this.#clock.start(this.#time, this.#options.hardware.boot.timeSyncMs);
    this.#trace({ kind: 'boot', version: outcome.running.version, boots });
    if (outcome.isNew && checkpoint !== undefined) this.#sideEffects.count(checkpoint.execution, 'image');
    const { thingName, seed, namespaces = [] } = this.#options;
    const boot = this.#bootFacts(outcome, checkpoint);
    this.#agent = createAgent({ thingName, seed, namespaces, behaviour: this.#behaviour, boot });
    this.#tell({ kind: 'booted' });
  }

  #bootFacts({ running, isConfirmed }: BootOutcome, checkpoint: Checkpoint | undefined): BootFacts {
    const { loader, boots, crashesInRow } = this.#device;
    const { hardware } = this.#options;
    return {
      boots,
      crashes: crashesInRow,
      running: { version: running.version, confirmed: isConfirmed },
      ...(loader.failedVersion !== undefined && { failedVersion: loader.failedVersion }),
      ...(checkpoint && { checkpoint }),
      capacity: {
        slotBytes: hardware.flash.slotBytes,
        segmentBytes: hardware.ram.segmentBytes,
        freeBytes: freeForJobs(hardware),
        tlsBytes: hardware.ram.tlsBytes,
        messageBytes: hardware.ram.mqttBufferBytes,
        streamFormat: this.#behaviour.streamFormat,
      },
    };
  }

  /** Tells the agent and does what it asks. An operation that is over at once is told of at once. */
  #tell(input: AgentInput): void {
    let next: AgentInput | undefined = input;
    for (let told = 0; next !== undefined; told += 1) {
      if (told > mostInARow)
        throw new Error(`the agent of ${this.thingName} asks for one thing after another without end`);
      const agent: Agent | undefined = this.#agent;
      if (agent === undefined) return;
      const { changes, effects } = agent.apply(next, this.#clock.read(this.#time));
      next = undefined;
      for (const effect of effects) {
        next = this.#obey(effect) ?? next;
        // A reset or a crash: the rest is not done by anybody.
        if (this.#agent !== agent) return;
      }
      for (const { checkpoint } of changes) this.#device.keep(checkpoint, this.#time);
    }
    this.#stayAwake();
  }

  #obey(effect: AgentEffect): AgentInput | undefined {
    switch (effect.kind) {
      case 'operate':
        return this.#operate(effect);
      case 'abort':
        this.#stream = undefined;
        this.#device.abort(this.#time);
        return undefined;
      case 'connect':
        this.#waiting = [];
        this.#connects = true;
        if (this.#clock.isSet(this.#time)) this.#connect();
        return undefined;
      case 'disconnect':
        this.#waiting = [];
        this.#hangUp();
        break;
      case 'request':
        if (!this.#transmit()) return undefined;
        break;
      case 'trace':
        this.#trace(effect.trace);
        return undefined;
      default:
    }
    this.#effects.push(effect);
    return undefined;
  }

  #trace(trace: DeviceTrace): void {
    this.#effects.push({ kind: 'trace', trace, at: this.#time });
  }

  #operate({ operation, execution }: Extract<AgentEffect, { kind: 'operate' }>): AgentInput | undefined {
    if (operation.kind === 'run' && execution !== undefined) this.#sideEffects.count(execution, operation.part);
    if (operation.kind === 'download' && execution !== undefined) this.#noteDownload(execution, operation);
    if (operation.kind === 'reset') {
      if (operation.asked && execution !== undefined) this.#sideEffects.count(execution, 'reboot');
      this.#effects.push({ kind: 'disconnect' });
      this.#die();
      this.#device.reset(this.#time);
      return undefined;
    }
    const started = perform(this.#device, operation, this.#time);
    if (started === 'under-way') {
      if (operation.kind === 'download') this.#openStream(operation, execution);
      return undefined;
    }
    return started.failure === undefined ? { kind: 'done' } : { kind: 'done', failure: started.failure };
  }

  #openStream(
    { image, offset, bytes }: Extract<Operation, { kind: 'download' }>,
    execution: ExecutionIdentity | undefined,
  ): void {
    if (image.stream === undefined) return;
    const download = new StreamDownload(image, image.stream, offset, bytes);
    this.#stream = { download, execution, isHardwareDone: false };
    this.#askForBlock(download);
  }

  #noteDownload(
    execution: ExecutionIdentity,
    { image, offset, bytes }: Extract<Operation, { kind: 'download' }>,
  ): void {
    // Of a stream each block is traced, as it is asked for.
    if (image.stream === undefined) {
      this.#trace({ kind: 'download', execution, fromByte: offset, bytes, totalBytes: image.sizeBytes });
    }
    const key = identityKey(execution);
    const before = this.#downloads[key]?.bytes ?? 0;
    this.#downloads = { ...this.#downloads, [key]: { bytes: before + bytes, imageBytes: image.sizeBytes } };
  }

  #connect(): void {
    this.#connects = false;
    if (this.#transmit()) this.#effects.push({ kind: 'connect' });
  }

  /** @returns whether the device survives it */
  #transmit(): boolean {
    const event = this.#device.transmit(this.#time);
    if (event !== undefined) this.#onDevice(event);
    return event === undefined;
  }

  /** The service hangs up on a client that sleeps too long; the device finds that out when it wakes. */
  #fallAsleep(): void {
    this.#radio.fallAsleep();
    this.#trace({ kind: 'asleep' });
    if (!this.#radio.outsleepsConnection) return;
    this.#effects.push({ kind: 'disconnect', abruptly: true });
    this.#waiting = [{ kind: 'disconnected' }];
  }

  #stayAwake(): void {
    const sleptMs = this.#radio.wake(this.#time, this.#agent?.isIdle() === true);
    if (sleptMs !== undefined) this.#trace({ kind: 'awake', sleptMs });
  }

  #die(): void {
    this.#agent = undefined;
    this.#stream = undefined;
    this.#connected = false;
    this.#connects = false;
    this.#waiting = [];
    this.#radio.wake(this.#time, false);
  }

  #hangUp(): void {
    this.#connected = false;
    this.#connects = false;
    this.#device.closeConnection();
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
