/**
 * How long a client may be silent. What is heard of it only notes when: one timer a connection looks at that when it rings, which
 * is seldom, and not with every packet. Source: MQTT 3.1.1 §3.1.2.10, docs/reference/limits.md §5.
 */
import { keepAliveSeconds } from '../../protocol/limits.ts';

/** What AWS makes of the keep-alive that a client asks for. 0 means "never" in MQTT; AWS knows no never. */
export function keepAliveOf(seconds: number): number {
  const { min, max } = keepAliveSeconds;
  return seconds === 0 ? max : Math.min(Math.max(seconds, min), max);
}

/** For the keep-alive of MQTT, this one asks for one and a half of it. */
const grace = 1.5;

export class KeepAlive {
  /** Performance time. */
  heardAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param silent called once, when nothing was heard for one and a half of `seconds`.
   * @param isUnread whether something that the client has said waits to be read.
   */
  start(seconds: number, silent: () => void, isUnread = (): boolean => false): void {
    const maxSilenceMs = seconds * grace * 1000;
    const look = (): void => {
      if (isUnread()) this.heardAt = performance.now();
      const leftMs = this.heardAt + maxSilenceMs - performance.now();
      if (leftMs <= 0) silent();
      else this.#timer = setTimeout(look, leftMs);
    };
    look();
  }

  /** Something is expected to be heard. */
  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
