/**
 * A board from inside, as it is at one instant. What it did for each execution is the most, and few ask for it: it is looked up
 * when they do.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Checkpoint } from '../core/contract.ts';
import type { Device } from '../device/device.ts';
import type { Firmware } from './firmware.ts';
import type { WorkDone } from './work-done.ts';

export class BoardView implements DeviceView {
  readonly powered: boolean;
  readonly connected: boolean;
  readonly step: DeviceView['step'];
  readonly execution: DeviceView['execution'];
  readonly runningVersion: string;
  readonly slots: DeviceView['slots'];
  readonly activeSlot: number;
  readonly ram: DeviceView['ram'];
  readonly openDownload: boolean;
  readonly flash: DeviceView['flash'];
  readonly checkpoint: object | undefined;
  readonly boots: number;
  readonly #workDone: WorkDone;

  constructor(
    { powered, loader, memory, record, flashCounters, hasOpenDownload, boots }: Device<Checkpoint>,
    { agent, isConnected, workDone }: Firmware,
  ) {
    const work = agent?.work();
    const [one, other] = loader.slots;
    this.powered = powered;
    this.connected = isConnected;
    this.step = work?.step ?? 'idle';
    this.execution = work?.execution;
    this.runningVersion = loader.running.image?.version ?? '';
    this.slots = [
      { version: one.image?.version, state: one.state },
      { version: other.image?.version, state: other.state },
    ];
    this.activeSlot = loader.active;
    this.ram = { usedBytes: memory.usedBytes, budgetBytes: memory.budgetBytes };
    this.openDownload = hasOpenDownload;
    this.flash = { erases: flashCounters.erases, wear: flashCounters.wear };
    this.checkpoint = record.read();
    this.boots = boots;
    this.#workDone = workDone;
  }

  get sideEffects(): DeviceView['sideEffects'] {
    return this.#workDone.sideEffects;
  }

  get partsDone(): DeviceView['partsDone'] {
    return this.#workDone.partsDone;
  }

  get downloads(): DeviceView['downloads'] {
    return this.#workDone.downloads;
  }
}
