/**
 * What was done for each execution: how often it had its side effect, which is an image tried, a handler started or a reboot that
 * was the job, and how much of its image was asked for. Side effects are counted by part, because one execution may have several
 * handlers; what counts for the execution is the part that happened most often. Keys are `jobId#executionNumber@queuedAt`.
 */
import { type ExecutionIdentity, identityKey } from '../../observation/execution.ts';
import type { DeviceView, Download } from '../../observation/inside.ts';

/** The side effect of one execution. */
interface Effect {
  readonly timesByPart: Map<string, number>;
  most: number;
  parts: readonly string[];
}

export class WorkDone {
  readonly #effects = new Map<string, Effect>();
  readonly #downloads = new Map<string, Download>();
  #shownEffects: DeviceView['sideEffects'] | undefined;

  count(execution: ExecutionIdentity, part: string | number): void {
    const key = identityKey(execution);
    let effect = this.#effects.get(key);
    if (effect === undefined) this.#effects.set(key, (effect = { timesByPart: new Map(), most: 0, parts: [] }));
    const name = String(part);
    const times = (effect.timesByPart.get(name) ?? 0) + 1;
    effect.timesByPart.set(name, times);
    effect.most = Math.max(effect.most, times);
    if (times === 1) effect.parts = [...effect.timesByPart.keys()];
    this.#shownEffects = undefined;
  }

  download(execution: ExecutionIdentity, bytes: number, imageBytes: number): void {
    const key = identityKey(execution);
    const before = this.#downloads.get(key)?.bytes ?? 0;
    this.#downloads.set(key, { bytes: before + bytes, imageBytes });
  }

  /** The same object as before where nothing has changed. */
  get sideEffects(): DeviceView['sideEffects'] {
    return (this.#shownEffects ??= record(this.#effects, ({ most }) => most));
  }

  get partsDone(): DeviceView['partsDone'] {
    return record(this.#effects, ({ parts }) => parts);
  }

  get downloads(): DeviceView['downloads'] {
    return Object.fromEntries(this.#downloads);
  }
}

function record<Shown>(
  effects: ReadonlyMap<string, Effect>,
  shownOf: (effect: Effect) => Shown,
): Record<string, Shown> {
  const shown: Record<string, Shown> = {};
  for (const [key, effect] of effects) shown[key] = shownOf(effect);
  return shown;
}
