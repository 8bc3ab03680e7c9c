/** What a demo ran on: how well this machine kept up, and how much of the simulated hardware is assumed. */
import type { DurationMs } from '../../../protocol/time.ts';
import type { DeviceReport, HardwareReport, HostReport } from '../../report/run-report.ts';
import { limitsWith } from '../../verdict/limits.ts';
import { type HardwareProfile, assumedFigures } from '../../../agent/device/profile.ts';

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

/** One entry for each profile in use, from the profile of each device. */
export function hardwareReports(profiles: readonly (HardwareProfile | undefined)[]): readonly HardwareReport[] {
  const devices = new Map<HardwareProfile, number>();
  for (const profile of profiles) {
    if (profile !== undefined) devices.set(profile, (devices.get(profile) ?? 0) + 1);
  }
  return [...devices].map(([profile, count]) => ({
    name: profile.name,
    description: profile.description,
    devices: count,
    figures: profile.sources.length,
    assumed: assumedFigures(profile),
  }));
}
