/**
 * The firmware of a board: a job agent from each boot to the next reset, and what it has the device do. Feeds the agent what the
 * hardware and the wire say, and does on the hardware what the agent asks. When that is, is board.ts. Decides nothing about jobs.
 */
import type { ExecutionIdentity } from '../../observation/execution.ts';
import type { DeviceTrace } from '../../observation/inside.ts';
import type { StreamAnswer } from '../../protocol/stream-blocks.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { createAgent } from '../core/agent.ts';
import type { AgentBehaviour } from '../core/behaviour.ts';
import type { Agent, AgentEffect, AgentInput, Checkpoint, Operation } from '../core/contract.ts';
import type { BootOutcome } from '../device/boot-loader.ts';
import type { Device, DeviceEvent } from '../device/device.ts';
import { FirmwareClock } from '../device/firmware-clock.ts';
import type { HardwareProfile } from '../device/profile.ts';
import { bootFacts } from './boot-facts.ts';
import type { BoardEffect } from './contract.ts';
import { perform } from './perform.ts';
import { StreamDownload } from './stream-download.ts';
import { WorkDone } from './work-done.ts';

/** Of operations that take no time; a job has a few. */
const mostInARow = 10_000;

/** What the firmware asks of its board. */
export interface FirmwareGround {
  /** The latest instant at which anything happened. */
  readonly time: EpochMs;
  show(effect: BoardEffect): void;
  /** What arrived and was not heard is of a connection that is over. */
  forgetWaiting(): void;
  /** The agent did something: the radio sleeps later. */
  stayAwake(): void;
  /** A reset: nothing volatile is left. */
  lostVolatile(): void;
}

export interface FirmwareOptions {
  readonly thingName: string;
  readonly seed: number;
  readonly hardware: HardwareProfile;
  readonly namespaces: readonly string[];
  readonly behaviour: AgentBehaviour;
  readonly device: Device<Checkpoint>;
  readonly ground: FirmwareGround;
}

export class Firmware {
  readonly clock: FirmwareClock;
  readonly workDone = new WorkDone();
  /** Absent while there is no power and while the device boots. */
  agent: Agent | undefined;
  isConnected = false;
  /** Wants to connect as soon as the clock is set. */
  awaitsClock = false;
  readonly #options: FirmwareOptions;
  readonly #device: Device<Checkpoint>;
  readonly #ground: FirmwareGround;
  /** The download under way, where it comes by an MQTT stream. */
  #stream: StreamDownload | undefined;

  constructor(options: FirmwareOptions) {
    this.#options = options;
    this.#device = options.device;
    this.#ground = options.ground;
    this.clock = new FirmwareClock(options.behaviour.timeBase);
  }

  /** When the agent wants to be woken. */
  get agentDeadline(): EpochMs | undefined {
    const deadline = this.agent?.nextDeadline();
    return deadline === undefined ? undefined : this.clock.instantOf(deadline, this.#ground.time);
  }

  /** When a block of a stream has been waited for long enough. */
  get streamDeadline(): EpochMs | undefined {
    return this.#stream?.deadline;
  }

  onDevice(event: DeviceEvent): void {
    switch (event.kind) {
      case 'booted':
        return this.#boot(event.outcome);
      case 'crashed':
        this.#trace({ kind: 'crash', cause: event.cause });
        this.#ground.show({ kind: 'disconnect', abruptly: true });
        return this.loseVolatile();
      case 'ended':
        if (event.failure === undefined && this.#stream?.isWhole === false) {
          this.#stream.isHardwareDone = true;
          return;
        }
        this.#stream = undefined;
        return this.tell(event.failure === undefined ? done : { kind: 'done', failure: event.failure });
    }
  }

  #boot(outcome: BootOutcome): void {
    const { thingName, seed, namespaces, behaviour, hardware } = this.#options;
    const boot = bootFacts(this.#device, outcome, hardware, behaviour);
    this.clock.start(this.#ground.time, hardware.boot.timeSyncMs);
    this.#trace({ kind: 'boot', version: outcome.running.version, boots: boot.boots });
    if (outcome.isNew && boot.checkpoint !== undefined) this.workDone.count(boot.checkpoint.execution, 'image');
    this.agent = createAgent({ thingName, seed, namespaces, behaviour, boot });
    this.tell({ kind: 'booted' });
  }

  /** Tells the agent and does what it asks. An operation that is over at once is told of at once. */
  tell(input: AgentInput): void {
    let next: AgentInput | undefined = input;
    for (let told = 0; next !== undefined; told += 1) {
      if (told > mostInARow)
        throw new Error(`the agent of ${this.#options.thingName} asks for one thing after another without end`);
      const agent: Agent | undefined = this.agent;
      if (agent === undefined) return;
      const { changes, effects } = agent.apply(next, this.clock.read(this.#ground.time));
      next = undefined;
      for (const effect of effects) {
        next = this.#obey(effect) ?? next;
        // A reset or a crash: the rest is not done by anybody.
        if (this.agent !== agent) return;
      }
      for (const { checkpoint } of changes) this.#device.keep(checkpoint, this.#ground.time);
    }
    this.#ground.stayAwake();
  }

  #obey(effect: AgentEffect): AgentInput | undefined {
    switch (effect.kind) {
      case 'operate':
        return this.#operate(effect.operation, effect.execution);
      case 'abort':
        this.#stream = undefined;
        this.#device.abort(this.#ground.time);
        return undefined;
      case 'connect':
        this.#ground.forgetWaiting();
        this.awaitsClock = true;
        if (this.clock.isSet(this.#ground.time)) this.connect();
        return undefined;
      case 'disconnect':
        this.#ground.forgetWaiting();
        this.hangUp();
        break;
      case 'request':
        if (!this.#transmit()) return undefined;
        break;
      case 'trace':
        this.#trace(effect.trace);
        return undefined;
      default:
    }
    this.#ground.show(effect);
    return undefined;
  }

  #operate(operation: Operation, execution: ExecutionIdentity | undefined): AgentInput | undefined {
    const { time } = this.#ground;
    switch (operation.kind) {
      case 'run':
        if (execution !== undefined) this.workDone.count(execution, operation.part);
        break;
      case 'download':
        if (execution !== undefined) this.#noteDownload(execution, operation);
        break;
      case 'reset':
        if (operation.asked && execution !== undefined) this.workDone.count(execution, 'reboot');
        this.#ground.show({ kind: 'disconnect' });
        this.loseVolatile();
        this.#device.reset(time);
        return undefined;
      default:
    }
    const started = perform(this.#device, operation, time);
    if (started === 'under-way') {
      if (operation.kind === 'download') this.#openStream(operation, execution);
      return undefined;
    }
    return started.failure === undefined ? done : { kind: 'done', failure: started.failure };
  }

  #noteDownload(
    execution: ExecutionIdentity,
    { image, offset, bytes }: Extract<Operation, { kind: 'download' }>,
  ): void {
    // Of a stream each block is traced, as it is asked for.
    if (image.stream === undefined) {
      this.#trace({ kind: 'download', execution, fromByte: offset, bytes, totalBytes: image.sizeBytes });
    }
    this.workDone.download(execution, bytes, image.sizeBytes);
  }

  // Blocks of a stream.

  #openStream(
    { image, offset, bytes }: Extract<Operation, { kind: 'download' }>,
    execution: ExecutionIdentity | undefined,
  ): void {
    if (image.stream === undefined) return;
    this.#stream = new StreamDownload(execution, image, image.stream, offset, bytes);
    this.#askForBlock(this.#stream);
  }

  /** A message larger than the MQTT buffer is drained, and as good as lost. */
  receive(answer: StreamAnswer): void {
    const stream = this.#stream;
    if (stream === undefined || answer.messageBytes > this.#options.hardware.ram.mqttBufferBytes) return;
    switch (stream.take(answer)) {
      case 'unrelated':
        return;
      case 'failed':
        return this.#failDownload();
      case 'received':
        if (!stream.isWhole) return this.#askForBlock(stream);
        if (!stream.isHardwareDone) return;
        this.#stream = undefined;
        return this.tell(done);
    }
  }

  /** The block that was asked for does not come. */
  askAgain(): void {
    const stream = this.#stream;
    if (stream === undefined || stream.isHopeless) this.#failDownload();
    else this.#askForBlock(stream);
  }

  #askForBlock(stream: StreamDownload): void {
    if (!this.#transmit()) return;
    const request = stream.ask(this.#ground.time);
    const { execution } = stream;
    if (execution !== undefined) this.#trace({ kind: 'download', execution, ...stream.extentOf(request) });
    this.#ground.show({ kind: 'ask-blocks', request });
  }

  #failDownload(): void {
    this.#stream = undefined;
    this.#device.abort(this.#ground.time);
    this.tell({ kind: 'done', failure: 'download-failed' });
  }

  // The connection.

  connect(): void {
    this.awaitsClock = false;
    if (this.#transmit()) this.#ground.show({ kind: 'connect' });
  }

  /** There is one. */
  connected(): void {
    if (this.agent === undefined) return;
    this.isConnected = true;
    this.#device.openConnection();
    this.tell({ kind: 'connected' });
  }

  hangUp(): void {
    this.isConnected = false;
    this.awaitsClock = false;
    this.#device.closeConnection();
  }

  /** @returns whether the device survives it */
  #transmit(): boolean {
    const event = this.#device.transmit(this.#ground.time);
    if (event !== undefined) this.onDevice(event);
    return event === undefined;
  }

  /** Everything volatile is gone. */
  loseVolatile(): void {
    this.agent = undefined;
    this.#stream = undefined;
    this.isConnected = false;
    this.awaitsClock = false;
    this.#ground.lostVolatile();
  }

  #trace(trace: DeviceTrace): void {
    this.#ground.show({ kind: 'trace', trace, at: this.#ground.time });
  }
}

const done: AgentInput = { kind: 'done' };
