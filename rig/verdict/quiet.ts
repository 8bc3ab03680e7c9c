/**
 * The moments at which a device is quiet: idle, connected and with nothing in hand, after a job that it finished or gave up,
 * after a boot, and at the end. What a job leaves behind shows there, before the next job covers it.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { DeviceRecord } from './record.ts';

export function isQuiet(view: DeviceView): boolean {
  return isIdle(view) && !view.openDownload;
}

/** At no step; what a job left behind may still be there. */
function isIdle({ powered, connected, step, execution }: DeviceView): boolean {
  return powered && connected && step === 'idle' && execution === undefined;
}

/** Calls `quiet` with the inside at each such moment. */
export class QuietWatch {
  readonly #record: DeviceRecord;
  readonly #quiet: (view: DeviceView, seen: Observation) => void;
  #isDue = false;

  constructor(record: DeviceRecord, quiet: (view: DeviceView, seen: Observation) => void) {
    this.#record = record;
    this.#quiet = quiet;
  }

  /** What a power cut left behind, and no checkpoint speaks of, shows once the device is back. */
  onBoot(): void {
    this.#isDue = true;
  }

  /** It has finished a job, or recovered from what ended one. */
  onEnd(seen: Observation): void {
    this.#isDue = true;
    this.#look(this.#record.view(), seen);
  }

  onStep(): void {
    this.#isDue = false;
  }

  onMoved(seen: ObservationOf<'moved'>): void {
    if (this.#isDue) this.#look(seen.view(), seen);
  }

  #look(view: DeviceView | undefined, seen: Observation): void {
    if (view === undefined || !isIdle(view)) return;
    this.#isDue = false;
    this.#quiet(view, seen);
  }
}
