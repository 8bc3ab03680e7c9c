/**
 * The moments at which a device is quiet: idle, connected and with nothing in hand, after a job that it finished or gave up,
 * after a boot, and at the end. What a job leaves behind shows there, before the next job covers it.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import type { DeviceRecord } from './record.ts';

export function isQuiet(view: DeviceView): boolean {
  return isIdle(view) && !view.openDownload;
}

/** At no step; what a job left behind may still be there. */
function isIdle({ powered, connected, step, execution }: DeviceView): boolean {
  return powered && connected && step === 'idle' && execution === undefined;
}

/** @param quiet called with the inside at each such moment */
export function watchQuiet(record: DeviceRecord, quiet: (view: DeviceView, seen: Observation) => void): Observer {
  let isDue = false;

  function look(view: DeviceView | undefined, seen: Observation): void {
    if (view === undefined || !isIdle(view)) return;
    isDue = false;
    quiet(view, seen);
  }

  return {
    traced(seen) {
      const { kind } = seen.trace;
      if (kind === 'boot') {
        // What a power cut left behind, and no checkpoint speaks of, shows once the device is back.
        isDue = true;
      } else if (kind === 'recovered' || kind === 'finished') {
        isDue = true;
        look(record.view(), seen);
      } else if (kind === 'step') {
        isDue = false;
      }
    },
    moved(seen) {
      if (isDue) look(seen.view(), seen);
    },
  };
}
