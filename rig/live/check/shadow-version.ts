/**
 * The version that a device reports in its shadow. Where in the shadow it stands is the firmware's own choice, so it is learnt: the
 * first member whose value is a version that a job of this check installs is the place, in this scenario and in all that follow.
 */
import type { Observer } from '../../../observation/observation.ts';
import { type JsonObject, parseJsonObject, present } from '../../../protocol/json.ts';

/** Shared by all lanes of a check. */
export class ShadowVersion {
  readonly #installed = new Set<string>();
  #place: string | undefined;

  /** A job installs this version. */
  installs(version: string): void {
    if (version !== '') this.#installed.add(version);
  }

  /** @returns the version that an update of a shadow reports, where it does */
  reportedIn(topic: string, text: string | undefined): string | undefined {
    if (text === undefined || !/^\$aws\/things\/[^/]+\/shadow\/(?:name\/[^/]+\/)?update$/.test(topic)) return undefined;
    const { state } = (parseJsonObject(text) ?? {}) as { readonly state?: { readonly reported?: unknown } };
    const leaves = [...leavesOf(topic.split('/shadow/')[1] ?? '', state?.reported)];
    this.#place ??= leaves.find(({ value }) => this.#installed.has(value))?.place;
    return leaves.find(({ place }) => place === this.#place)?.value;
  }
}

/** Tells reported versions beside what an observer is told already. */
export function observeShadow(observer: Observer, shadow: ShadowVersion): Observer['published'] {
  return (seen) => {
    observer.published?.(seen);
    const version = shadow.reportedIn(seen.topic, seen.text);
    if (version === undefined) return;
    const { at, source, thingName } = seen;
    observer['reported-version']?.({ kind: 'reported-version', at, source, version, ...present({ thingName }) });
  };
}

function* leavesOf(place: string, value: unknown): Generator<{ readonly place: string; readonly value: string }> {
  if (typeof value === 'string') yield { place, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value as JsonObject)) yield* leavesOf(`${place}/${name}`, inner);
}
