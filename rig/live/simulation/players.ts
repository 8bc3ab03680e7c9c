/**
 * Processes that play parts of a simulation beside the one that judges it, one for each further core. Each has two batches, so that
 * it never waits for the next; how many parts a batch has follows from how long the last one took. When a player ends before it
 * has answered, its parts are given back.
 */
import { EventEmitter, once } from 'node:events';
import { availableParallelism } from 'node:os';
import { builtProgram } from '../../../package/package.ts';
import { type DurationMs, longestTimerMs } from '../../../protocol/time.ts';
import { type Child, startChild } from '../../process/child.ts';
import type { Parts } from './parts.ts';
import type { PlayedDevices, PlayerQuestions } from './player-process.ts';

/** Each takes some 100 MB. */
const mostPlayers = 15;
const batchMs: DurationMs = 200;
const mostInABatch = 500;
/** A batch may be cut again and again; only the end of its player ends the wait for it. */
const answerWithinMs: DurationMs = longestTimerMs;

const program = builtProgram('rig/live/simulation/player-process');

export class Players {
  readonly #children: readonly Child<PlayerQuestions>[];
  readonly #devices: PlayedDevices;
  #work: readonly Promise<unknown>[] = [];
  #isStopped = false;
  readonly #news = new EventEmitter<{ answer: [] }>();

  constructor(devices: PlayedDevices, count: number = Math.min(mostPlayers, availableParallelism() - 1)) {
    this.#devices = devices;
    this.#children = Array.from({ length: count }, () => startChild<PlayerQuestions>(program, { answerWithinMs }));
  }

  /** Of those that were started. */
  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /** Lets them play these parts. */
  on(parts: Parts): this {
    this.#work = this.#children.map((child) => this.#employ(child, parts));
    return this;
  }

  /** Resolves when one has answered or is gone, or when the signal is aborted. */
  async nextAnswer(signal: AbortSignal | undefined): Promise<void> {
    await once(this.#news, 'answer', signal && { signal }).catch(() => {});
  }

  /** What they play is of no use any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#children.map((child) => child.kill()), ...this.#work]);
  }

  async #employ(child: Child<PlayerQuestions>, parts: Parts): Promise<void> {
    try {
      await child.ask('prepare', this.#devices);
    } catch {
      return; // It could not start, or ended: the others play on.
    }
    await Promise.all([this.#feed(child, parts), this.#feed(child, parts)]);
  }

  async #feed(child: Child<PlayerQuestions>, parts: Parts): Promise<void> {
    let count = 1;
    for (;;) {
      const batch = this.#isStopped ? [] : parts.takeSome(count);
      if (batch.length === 0) return;
      try {
        const { outcomes, tookMs } = await child.ask('play', { scenarios: batch.map(({ part }) => part.scenario) });
        for (const [index, taken] of batch.entries()) parts.put(taken, outcomes[index]!);
        count = Math.max(1, Math.min(mostInABatch, 2 * count, Math.round((count * batchMs) / Math.max(1, tookMs))));
      } catch {
        parts.giveBack(batch);
        return;
      } finally {
        this.#news.emit('answer');
      }
    }
  }
}
