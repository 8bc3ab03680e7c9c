/** How well the machine kept up, and what to do where it did not. */
import type { DurationMs } from '../../../protocol/time.ts';
import type { DeviceReport, HostReport } from '../../report/run-report.ts';
import { limitsWith } from '../../verdict/limits.ts';

export interface HostFigures {
  /** Device seconds in a wall second, as wanted and as they were. */
  readonly timeScale: number;
  readonly pace: number;
  readonly behindMs: DurationMs;
  readonly longestAnswerMs: DurationMs;
}

export function hostReport(devices: readonly DeviceReport[], figures: HostFigures): HostReport {
  const { timeScale, pace, behindMs, longestAnswerMs } = figures;
  const isUnsure = devices.some(({ findings }) => findings.some(({ outcome }) => outcome === 'inconclusive'));
  const slower = Math.max(1, Math.floor(Math.min(pace, timeScale) / 2));
  const seconds = (longestAnswerMs / 1000).toFixed(1);
  return {
    pace: Math.round(pace * 10) / 10,
    behindMs: Math.round(behindMs),
    longestAnswerMs: Math.round(longestAnswerMs),
    ...(isUnsure &&
      longestAnswerMs >= limitsWith().lagMs && {
        advice: `this host was too slow: ${seconds} s behind; try --time-scale ${slower}`,
      }),
  };
}
