/**
 * The secret with which this rig signs the URLs that it hands to devices. Kept beside the certificate authority, so that a
 * download goes on after the service was started again, or made anew in memory.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../protocol/operational-error.ts';
import { isThereAlready, patiently } from './key-pair-files.ts';
import { hintFor } from './store/system-refusal.ts';
import { writeNew } from './store/whole-file.ts';

export const signingKeyFile = 'url-signing.key';

const keyBytes = 32;

/** @param directory exists. */
export async function openSigningKey(directory: string | 'memory'): Promise<Uint8Array> {
  if (directory === 'memory') return randomBytes(keyBytes);
  const file = join(directory, signingKeyFile);
  try {
    writeNew([{ file, content: randomBytes(keyBytes), mode: 0o600 }], unwritten);
  } catch (error) {
    if (!isThereAlready(error)) throw error;
  }
  return patiently(async () => {
    const key = await readFile(file).catch((cause: unknown) => {
      throw unusable(file, `cannot be read: ${(cause as Error).message}`, cause);
    });
    if (key.length !== keyBytes) throw unusable(file, 'is torn or not a key of this rig');
    return key;
  });
}

function unwritten(file: string, cause: unknown): Error {
  return unusable(file, `cannot be written: ${(cause as Error).message}`, cause);
}

function unusable(file: string, complaint: string, cause?: unknown): OperationalError {
  const hint = hintFor(
    cause,
    'Remove it to have a new one made; URLs that were handed out before then no longer open.',
  );
  return new OperationalError('SIGNING_KEY_UNUSABLE', `${file} ${complaint}`, { hint, cause });
}
