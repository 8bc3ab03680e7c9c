/**
 * What was done for each execution: how often it had its side effect, which is an image tried, a handler started or a reboot that
 * was the job, and how much of its image was asked for. Side effects are counted by part, because one execution may have several
 * handlers; what counts for the execution is the part that happened most often. Keys are `jobId#executionNumber@queuedAt`.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';
import type { DeviceView } from '../../observation/inside.ts';

/** The side effect of one execution. */
interface Effect {
  readonly parts: string[];
  /** How often each of them. */
  readonly times: number[];
  most: number;
}

/** Of the image of one execution. */
interface Fetched {
  bytes: number;
  readonly imageBytes: number;
}

export class WorkDone {
  readonly #effects = new Map<string, Effect>();
  readonly #downloads = new Map<string, Fetched>();
  /** What was asked for last, since segment follows segment. */
  #latest: { readonly execution: ExecutionIdentity; readonly fetched: Fetched } | undefined;
  #shownEffects: DeviceView['sideEffects'] | undefined;

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    const name = String(part);
    this.#shownEffects = undefined;
    const effect = this.#effects.get(key);
    if (effect === undefined) return void this.#effects.set(key, { parts: [name], times: [1], most: 1 });
    const known = effect.parts.indexOf(name);
    const index = known === -1 ? effect.parts.push(name) - 1 : known;
    const times = (effect.times[index] ?? 0) + 1;
    effect.times[index] = times;
    effect.most = Math.max(effect.most, times);
  }

  download(execution: ExecutionIdentity, bytes: number, imageBytes: number): void {
    if (this.#latest?.execution !== execution) {
      this.#latest = { execution, fetched: this.#fetched(identityKey(execution), imageBytes) };
    }
    this.#latest.fetched.bytes += bytes;
  }

  #fetched(key: string, imageBytes: number): Fetched {
    const known = this.#downloads.get(key);
    if (known !== undefined) return known;
    const fetched: Fetched = { bytes: 0, imageBytes };
    this.#downloads.set(key, fetched);
    return fetched;
  }

  /** The same object as before where nothing has changed. */
  get sideEffects(): DeviceView['sideEffects'] {
    return (this.#shownEffects ??= record(this.#effects, ({ most }) => most));
  }

  get partsDone(): DeviceView['partsDone'] {
    return record(this.#effects, ({ parts }) => [...parts]);
  }

  get downloads(): DeviceView['downloads'] {
    return record(this.#downloads, (download) => ({ ...download }));
  }
}

function record<Done, Shown>(all: ReadonlyMap<string, Done>, shownOf: (done: Done) => Shown): Record<string, Shown> {
  const shown: Record<string, Shown> = {};
  for (const [key, done] of all) shown[key] = shownOf(done);
  return shown;
}
