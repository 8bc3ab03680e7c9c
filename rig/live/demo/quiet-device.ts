/**
 * The claims about a device that can be judged once faults have stopped and nothing is pending: it is idle (V1), runs exactly
 * one confirmed image (V3), remembers nothing of past jobs (V7), and holds no more memory than before (V10). Judges the board's
 * view alone.
 */
import type { DeviceView } from '../../../observation/inside.ts';
import type { ClaimId as Claim } from '../../verdict/contract.ts';

export interface Broken {
  readonly broke: Claim;
  readonly message: string;
}

/** Idle, connected, with nothing in hand: what convergence waits for. */
export function isQuiet(view: DeviceView): boolean {
  return view.powered && view.connected && view.step === 'idle' && view.execution === undefined && !view.openDownload;
}

/** @param baselineBytes RAM in use before the first job, connected and idle; `undefined` when it was never seen so. */
export function quietDeviceBreaks(view: DeviceView, baselineBytes: number | undefined): readonly Broken[] {
  const broken: Broken[] = [];
  const active = view.slots[view.activeSlot];
  if (active?.state !== 'confirmed') {
    broken.push({ broke: 'V3', message: `the active slot is ${active?.state ?? 'missing'}` });
  } else if (active.version !== view.runningVersion) {
    broken.push({
      broke: 'V3',
      message: `runs ${view.runningVersion}, the active slot holds ${String(active.version)}`,
    });
  }
  const pending = view.slots.find(({ state }) => state === 'pending-verify');
  if (pending !== undefined) broken.push({ broke: 'V3', message: `${String(pending.version)} was never confirmed` });
  if (view.checkpoint !== undefined) {
    broken.push({ broke: 'V7', message: `still remembers ${JSON.stringify(view.checkpoint)}` });
  }
  const leftover = view.slots.find(({ state }) => state === 'partial' || state === 'ready');
  if (leftover !== undefined) broken.push({ broke: 'V10', message: `a slot is still ${leftover.state}` });
  if (view.openDownload) broken.push({ broke: 'V10', message: 'a download is still open' });
  if (baselineBytes !== undefined && view.ram.usedBytes > baselineBytes) {
    broken.push({ broke: 'V10', message: `uses ${view.ram.usedBytes} bytes of RAM, ${baselineBytes} before the jobs` });
  }
  return broken;
}
