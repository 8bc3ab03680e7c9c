/**
 * Who may sign requests (`--require-auth`): from a file, from the environment, or, where nobody else looks at the command
 * line, from that. Every user of a machine can read the arguments of every process on it.
 */
import { readFileSync } from 'node:fs';
import { OperationalError } from '../protocol/operational-error.ts';
import { mustEnd } from '../rig/files/named-file.ts';

/** Secrets by access key id. */
export type AccessKeys = Readonly<Record<string, string>>;

/** @returns `undefined` for what is not `ID:SECRET`. */
export function parseAccessKey(text: string): readonly [id: string, secret: string] | undefined {
  const [, id, secret] = /^([\w-]{1,128}):(\S+)$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : [id, secret];
}

/** One `ID:SECRET` a line; empty lines and those that begin with `#` are passed over. */
export function readAccessKeys(file: string): AccessKeys {
  let text: string;
  try {
    mustEnd(file);
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unusable(file, `cannot be read: ${reason}`, cause);
  }
  const keys: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const key = parseAccessKey(line.trim());
    // The line itself may be a secret.
    if (key === undefined) throw unusable(`${file}:${index + 1}`, 'is not ID:SECRET');
    keys[key[0]] = key[1];
  }
  if (Object.keys(keys).length === 0) throw unusable(file, 'has no access key');
  return keys;
}

export function keysOfEnvironment(): AccessKeys {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
  if (id && secret) return { [id]: secret };
  throw new OperationalError('NO_ACCESS_KEY', '--require-auth has no access key to know operators by', {
    hint: 'Give --access-key-file FILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  });
}

function unusable(place: string, complaint: string, cause?: unknown): OperationalError {
  return new OperationalError('ACCESS_KEYS_UNREADABLE', `--access-key-file: ${place} ${complaint}`, {
    hint: 'Write one ID:SECRET on each line.',
    cause,
  });
}
