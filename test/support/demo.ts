/** The demo for tests: a few things, quick device time, and what both acts of it are made of. */
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import type { DemoReport } from '../../rig/report/run-report.ts';
import { type DemoOptions, openDemo } from '../../rig/live/demo/run-demo.ts';
import type { FirmwareDocument } from '../../rig/live/demo/waves.ts';

const known = readHardwareProfiles('mix');

export const firmware: FirmwareDocument = {
  operation: 'firmware',
  version: '2.0.0',
  image: { url: 'https://firmware.example.com/2.0.0/app.bin', sizeBytes: 65_536, sha256: 'ab'.repeat(32) },
};

/** The live act alone, unless scenarios or seeds are given. */
export async function runDemo(options: Partial<DemoOptions> & Pick<DemoOptions, 'things'>): Promise<DemoReport> {
  await using demo = await openDemo({
    seed: 1,
    timeScale: 200,
    hardware: readHardwareProfiles('esp32-s3'),
    known,
    scenarios: [],
    seeds: 0,
    ...options,
  });
  return await demo.run();
}
