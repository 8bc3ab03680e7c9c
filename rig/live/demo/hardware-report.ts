/** Which hardware the devices of a run had, and what about it is only assumed: a verdict is worth no more than its figures. */
import { type HardwareProfile, assumedFigures } from '../../../agent/device/profile.ts';
import type { HardwareReport } from '../../report/run-report.ts';

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
