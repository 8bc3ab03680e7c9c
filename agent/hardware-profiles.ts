/** The hardware profiles that come with jobrig, read from `fixtures/hardware/`. What may stand in one is profile.ts's business. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../package/package.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { placedText, readText } from '../protocol/positioned-text.ts';
import { parseHardwareProfile } from './device/profile.ts';
import type { HardwareProfile } from './device/profile.ts';

const folder = packageFile('fixtures/hardware');
const extension = '.json';

/** The names of all profiles, in order. */
export function hardwareNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort();
}

/**
 * One profile by name, or all of them for `mix`.
 * @throws {OperationalError} `HARDWARE_UNKNOWN`, or `HARDWARE_INVALID` naming file, line, column and member
 */
export function readHardwareProfiles(name: string): readonly HardwareProfile[] {
  const names = hardwareNames();
  if (name === 'mix') return names.map(readProfile);
  if (names.includes(name)) return [readProfile(name)];
  throw new OperationalError('HARDWARE_UNKNOWN', `There is no hardware profile ${JSON.stringify(name)}`, {
    hint: `Known are ${names.join(', ')}, and mix for all of them.`,
  });
}

function readProfile(name: string): HardwareProfile {
  const file = join(folder, name + extension);
  const read = readText(readFileSync(file, 'utf8'), parseHardwareProfile);
  if (read.ok) return read.value;
  throw new OperationalError('HARDWARE_INVALID', placedText(file, read.problems));
}
