/**
 * The shadows that there are, by thing and name, and the versions of those that were. A thing need not be registered to have
 * shadows, and deleting it leaves them. Source: reference shadow-and-provisioning.md §1, open point S2.
 */
import { shadowVersionHours } from '../../../protocol/limits.ts';
import { msPerMinute, type EpochMs } from '../../../protocol/time.ts';
import type { ShadowRow } from '../rows.ts';
import type { State } from '../state.ts';
import type { ShadowDocument } from './shadow-document.ts';

/** A shadow that is there. */
export type LiveShadow = ShadowRow & { readonly document: ShadowDocument };

const classic = '';
const versionKeptMs = shadowVersionHours * 60 * msPerMinute;

/** Neither thing names nor shadow names may hold what separates them. */
export function shadowKey({ thingName, shadowName = classic }: ShadowRow): string {
  return `${thingName}/${shadowName}`;
}

export function holdShadow(state: State, row: ShadowRow): void {
  let shadows = state.shadows.get(row.thingName);
  if (shadows === undefined) {
    shadows = new Map();
    state.shadows.set(row.thingName, shadows);
  }
  shadows.set(row.shadowName ?? classic, row);
}

export function findShadow(state: State, thingName: string, shadowName: string | undefined): LiveShadow | undefined {
  const row = state.shadows.get(thingName)?.get(shadowName ?? classic);
  return row !== undefined && isLive(row) ? row : undefined;
}

/** What the next version follows: that of a shadow, or of one that was deleted not long ago; 0 for a new one. */
export function versionBefore(state: State, thingName: string, shadowName: string | undefined, now: EpochMs): number {
  const row = state.shadows.get(thingName)?.get(shadowName ?? classic);
  if (row === undefined) return 0;
  return row.deletedAt !== undefined && now - row.deletedAt >= versionKeptMs ? 0 : row.version;
}

/** Names of the named shadows of a thing, in the order of the alphabet. */
export function shadowNamesOf(state: State, thingName: string): readonly string[] {
  const rows = [...(state.shadows.get(thingName)?.values() ?? [])];
  return rows.flatMap((row) => (isLive(row) && row.shadowName !== undefined ? [row.shadowName] : [])).sort();
}

function isLive(row: ShadowRow): row is LiveShadow {
  return row.document !== undefined;
}
