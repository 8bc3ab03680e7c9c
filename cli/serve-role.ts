/** Which part of a service on several machines `jobrig serve` is to be, by its flags; those that do not go together are named. */
import type { NodeAddress } from '../broker/cluster/node-links.ts';
import { usageError } from './exit.ts';

export interface RoleFlags {
  readonly role?: 'engine' | 'door';
  readonly listen?: NodeAddress;
  readonly join?: readonly NodeAddress[];
  readonly doors?: number;
  readonly door?: number;
  readonly store?: string;
}

export type Part =
  | { readonly role: 'engine'; readonly listen: NodeAddress; readonly doors: number; readonly store: string }
  | {
      readonly role: 'door';
      readonly listen: NodeAddress;
      readonly join: readonly NodeAddress[];
      /** From 0. */
      readonly door: number;
    };

/** @returns `undefined`: it is the whole service */
export function partOf(flags: RoleFlags): Part | undefined {
  const { role, store } = flags;
  const stray = (names: readonly (keyof RoleFlags)[], why: string): void => {
    const given = names.find((name) => flags[name] !== undefined);
    if (given !== undefined) throw usageError(`option '--${given}' ${why}`);
  };
  if (role === undefined) {
    stray(['listen', 'join', 'doors', 'door'], 'is for --role engine or --role door');
    return undefined;
  }
  const listen = flags.listen ?? { host: '127.0.0.1', port: role === 'engine' ? 7400 : 0 };
  if (role === 'engine') {
    stray(['join', 'door'], 'is for --role door');
    if (store === undefined) throw usageError('--role engine needs --store postgres://…');
    return { role, listen, doors: flags.doors ?? 1, store };
  }
  stray(['store', 'doors'], 'is for --role engine');
  if (flags.join === undefined) throw usageError('--role door needs --join HOST:PORT, once for each engine');
  return { role, listen, join: flags.join, door: (flags.door ?? 1) - 1 };
}
