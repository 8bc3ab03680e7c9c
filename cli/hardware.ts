/**
 * `--hardware`, the same on every verb: the name of a profile that comes with jobrig, `mix` for all of them, or a file with a
 * profile of the user's own. What a profile may say is agent/device/profile.ts's business.
 */
import { Option } from 'commander';
import { parseHardwareProfile } from '../agent/device/profile.ts';
import type { HardwareProfile } from '../agent/device/profile.ts';
import { hardwareNames, readHardwareProfiles } from '../agent/hardware-profiles.ts';
import { namesHint } from '../protocol/near-name.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { readWrittenFile } from '../rig/files/written-file.ts';

export function hardwareOption(byDefault: string): Option {
  return new Option(
    '--hardware <name|file>',
    'hardware profile by name, mix for all in turn, or a file of your own',
  ).default(byDefault);
}

/**
 * The profiles that the flag asks for.
 * @throws {OperationalError} `HARDWARE_UNKNOWN`, or `HARDWARE_INVALID` naming file, line, column and member
 */
export function readHardware(text: string): readonly HardwareProfile[] {
  if (/[./\\]/.test(text)) return [readWrittenFile(text, 'HARDWARE_INVALID', parseHardwareProfile)];
  const names = [...hardwareNames(), 'mix'];
  if (names.includes(text)) return readHardwareProfiles(text);
  throw new OperationalError('HARDWARE_UNKNOWN', `--hardware ${text}: there is no such profile`, {
    hint: namesHint(text, names),
  });
}
