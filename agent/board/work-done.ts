/**
 * What was done for each execution: how often it had its side effect, which is an image tried, a handler started or a reboot that
 * was the job, and how much of its image was asked for. Side effects are counted by part, because one execution may have several
 * handlers; what counts for the execution is the part that happened most often. Keys are `jobId#executionNumber@queuedAt`.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';
import type { DeviceView, Download } from '../../observation/inside.ts';

type Shown = Pick<DeviceView, 'sideEffects' | 'partsDone' | 'downloads'>;

export class WorkDone {
  readonly #parts = new Map<string, Map<string, number>>();
  readonly #downloads = new Map<string, Download>();
  /** What is shown of each; absent: to be made anew. */
  #sideEffects: Shown['sideEffects'] | undefined = {};
  #partsDone: Shown['partsDone'] | undefined = {};
  #shownDownloads: Shown['downloads'] | undefined = {};
  /** Of the last download: many segments in a row are of one execution. */
  #latest: { readonly execution: ExecutionIdentity; readonly key: string } | undefined;

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    let parts = this.#parts.get(key);
    if (parts === undefined) this.#parts.set(key, (parts = new Map()));
    const name = String(part);
    const times = (parts.get(name) ?? 0) + 1;
    parts.set(name, times);
    this.#sideEffects = undefined;
    if (times === 1) this.#partsDone = undefined;
  }

  download(execution: ExecutionIdentity, bytes: number, imageBytes: number): void {
    if (this.#latest?.execution !== execution) this.#latest = { execution, key: identityKey(execution) };
    const { key } = this.#latest;
    const before = this.#downloads.get(key)?.bytes ?? 0;
    this.#downloads.set(key, { bytes: before + bytes, imageBytes });
    this.#shownDownloads = undefined;
  }

  /** The same objects as before where nothing has changed. */
  shown(): Shown {
    this.#sideEffects ??= this.#mapped((times) => Math.max(...times.values()));
    this.#partsDone ??= this.#mapped((times) => [...times.keys()]);
    this.#shownDownloads ??= Object.fromEntries(this.#downloads);
    return { sideEffects: this.#sideEffects, partsDone: this.#partsDone, downloads: this.#shownDownloads };
  }

  #mapped<Value>(of: (times: ReadonlyMap<string, number>) => Value): Readonly<Record<string, Value>> {
    return Object.fromEntries([...this.#parts].map(([key, times]) => [key, of(times)]));
  }
}
