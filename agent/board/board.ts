/**
 * Composes a device and the job agent that runs on it: feeds the agent what the hardware and the wire say, does on the
 * hardware what the agent asks, and lets everything happen at its own time, however late it is woken. Decides nothing about
 * jobs. A message larger than the MQTT buffer is drained, and the agent learns only that it came.
 */
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { createAgent } from '../core/agent.ts';
import { type AgentBehaviour, referenceAgent } from '../core/behaviour.ts';
import type { Agent, AgentEffect, AgentInput, Checkpoint, OversizeMessage } from '../core/contract.ts';
import { type ExecutionIdentity, identityKey } from '../core/execution.ts';
import type { BootOutcome } from '../device/boot-loader.ts';
import { Device, type DeviceEvent, type ImageOrigin, honestOrigin } from '../device/device.ts';
import { type HardwareProfile, freeForJobs } from '../device/profile.ts';
import type { Board, BoardEffect, BoardInput, BoardView } from './contract.ts';
import { perform } from './perform.ts';

export interface BoardOptions {
  readonly thingName: string;
  /** Of the chance in the agent's pauses. */
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

class AgentOnDevice implements Board {
  readonly thingName: string;
  readonly #options: BoardOptions;
  readonly #device: Device<Checkpoint>;
  /** Absent while there is no power and while the device boots. */
  #agent: Agent | undefined;
  #connected = false;
  #sideEffects = new Map<string, number>();
  /** The same by part, such as one handler of several. */
  #parts = new Map<string, number>();
  #effects: BoardEffect[] = [];

  constructor(options: BoardOptions) {
    this.#options = options;
    this.thingName = options.thingName;
    this.#device = new Device({
      profile: options.hardware,
      initialVersion: options.initialVersion ?? '1.0.0',
      origin: options.origin ?? honestOrigin,
    });
  }

  apply(input: BoardInput, now: EpochMs): readonly BoardEffect[] {
    this.#effects = [];
    this.#catchUp(now);
    this.#take(input, now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  nextDeadline(): EpochMs | undefined {
    const hardware = this.#device.nextDeadline();
    const mind = this.#agent?.nextDeadline();
    if (hardware === undefined || mind === undefined) return hardware ?? mind;
    return Math.min(hardware, mind);
  }

  view(): BoardView {
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
      flash: { ...this.#device.flashCounters },
      checkpoint: record.read(),
      boots: this.#device.boots,
      sideEffects: Object.fromEntries(this.#sideEffects),
    };
  }

  /**
   * Whatever was due before now happens at its own time, in order; the hardware first where both are due. Only the first
   * of the agent's deadlines does: when the clock has leapt over many, it is woken once for the rest, so that an idle device
   * does not ask a hundred times for the hundred pauses that it missed.
   */
  #catchUp(now: EpochMs): void {
    let earliest: EpochMs = 0;
    for (;;) {
      const due = this.nextDeadline();
      if (due === undefined || due > now) return;
      const event = this.#device.advance(due);
      if (event !== undefined) this.#hear(event, Math.max(due, earliest));
      else if (this.#agent !== undefined && (this.#agent.nextDeadline() ?? Infinity) <= due) {
        this.#tell({ kind: 'wake' }, Math.max(due, earliest));
        earliest = now;
      }
    }
  }

  #take(input: BoardInput, now: EpochMs): void {
    switch (input.kind) {
      case 'power-on':
        return this.#device.powerOn(now);
      case 'power-cut':
        this.#die();
        return this.#device.powerCut(now);
      case 'connected':
        if (this.#agent === undefined) return;
        this.#connected = true;
        this.#device.openConnection();
        return this.#tell({ kind: 'connected' }, now);
      case 'disconnected':
        this.#hangUp();
        return this.#tell({ kind: 'disconnected' }, now);
      case 'subscribed':
        return this.#tell({ kind: 'subscribed' }, now);
      case 'message':
        return this.#tell(received(input.message, this.#options.hardware.ram.mqttBufferBytes), now);
      case 'wake':
        return; // what was due has been done
    }
  }

  #hear(event: DeviceEvent, now: EpochMs): void {
    if (event.kind === 'booted') return this.#boot(event.outcome, now);
    this.#tell(event.fault === undefined ? { kind: 'done' } : { kind: 'done', fault: event.fault }, now);
  }

  #boot({ running, isConfirmed, isNew }: BootOutcome, now: EpochMs): void {
    const { loader, record, boots } = this.#device;
    const checkpoint = record.read();
    this.#effects.push({ kind: 'trace', trace: { kind: 'boot', version: running.version, boots } });
    if (isNew && checkpoint !== undefined) this.#count(checkpoint.execution, 'image');
    const { thingName, seed, namespaces = [], agent = referenceAgent, hardware } = this.#options;
    this.#agent = createAgent({
      thingName,
      seed,
      namespaces,
      behaviour: agent,
      boot: {
        boots,
        running: { version: running.version, confirmed: isConfirmed },
        ...(loader.failedVersion !== undefined && { failedVersion: loader.failedVersion }),
        ...(checkpoint && { checkpoint }),
        capacity: {
          slotBytes: hardware.flash.slotBytes,
          segmentBytes: hardware.ram.segmentBytes,
          freeBytes: freeForJobs(hardware),
          tlsBytes: hardware.ram.tlsBytes,
        },
      },
    });
    this.#tell({ kind: 'booted' }, now);
  }

  /** Tells the agent and does what it asks. An operation that is over at once is told of at once. */
  #tell(input: AgentInput, now: EpochMs): void {
    let next: AgentInput | undefined = input;
    while (next !== undefined) {
      const agent: Agent | undefined = this.#agent;
      if (agent === undefined) return;
      const { changes, effects } = agent.apply(next, now);
      next = undefined;
      for (const effect of effects) next = this.#obey(effect, now) ?? next;
      for (const { checkpoint } of changes) this.#device.keep(checkpoint, now);
    }
  }

  #obey(effect: AgentEffect, now: EpochMs): AgentInput | undefined {
    switch (effect.kind) {
      case 'operate':
        return this.#operate(effect, now);
      case 'abort':
        this.#device.abort();
        return undefined;
      case 'disconnect':
        this.#hangUp();
        break;
      default:
    }
    this.#effects.push(effect);
    return undefined;
  }

  #operate({ operation, execution }: Extract<AgentEffect, { kind: 'operate' }>, now: EpochMs): AgentInput | undefined {
    if (operation.kind === 'run' && execution !== undefined) this.#count(execution, operation.part);
    if (operation.kind === 'reset') {
      if (operation.asked && execution !== undefined) this.#count(execution, 'reboot');
      this.#effects.push({ kind: 'disconnect' });
      this.#die();
      this.#device.reset(now);
      return undefined;
    }
    const started = perform(this.#device, operation, now);
    if (started === 'under-way') return undefined;
    return started.fault === undefined ? { kind: 'done' } : { kind: 'done', fault: started.fault };
  }

  #die(): void {
    this.#agent = undefined;
    this.#connected = false;
  }

  #hangUp(): void {
    this.#connected = false;
    this.#device.closeConnection();
  }

  /** Side effects of an execution: the most often that any one part of it was done. */
  #count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    const times = (this.#parts.get(`${key}/${part}`) ?? 0) + 1;
    this.#parts.set(`${key}/${part}`, times);
    this.#sideEffects.set(key, Math.max(this.#sideEffects.get(key) ?? 0, times));
  }
}

function received(message: DeviceMessage, bufferBytes: number): AgentInput {
  return message.bytes > bufferBytes
    ? { kind: 'oversize', message: withoutPayload(message) }
    : { kind: 'message', message };
}

function withoutPayload({ payload: _drained, ...rest }: DeviceMessage): OversizeMessage {
  return rest as OversizeMessage;
}
