/**
 * The moments at which a device is quiet: idle, connected and with nothing in hand, after a job that it finished or gave up,
 * after a boot, and at the end. What a job leaves behind shows there, before the next job covers it.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Watch } from '../../observation/observers.ts';
import type { DeviceRecord } from './record.ts';

export function isQuiet(view: DeviceView): boolean {
  return isIdle(view) && !view.openDownload;
}

/** At no step; what a job left behind may still be there. */
function isIdle({ powered, connected, step, execution }: DeviceView): boolean {
  return powered && connected && step === 'idle' && execution === undefined;
}

/** @param quiet called with the inside at each such moment */
export function watchQuiet(record: DeviceRecord, quiet: (view: DeviceView, seen: Observation) => void): Watch {
  let isDue = false;

  function look(view: DeviceView | undefined, seen: Observation): void {
    if (view === undefined || !isIdle(view)) return;
    isDue = false;
    quiet(view, seen);
  }

  function lookNow(seen: Observation): void {
    isDue = true;
    look(record.view(), seen);
  }

  return {
    // What a power cut left behind, and no checkpoint speaks of, shows once the device is back.
    'traced boot'() {
      isDue = true;
    },
    'traced recovered': lookNow,
    'traced finished': lookNow,
    'traced step'() {
      isDue = false;
    },
    moved(seen) {
      if (isDue) look(seen.view(), seen);
    },
  };
}
