/**
 * How long what the hardware does takes this time: at least the typical figure, at most the maximum, most often close to the
 * typical. Drawn from the device's own stream of chance, so that a seed means the same times on every machine. What does not
 * vary (digests, reads, rates) is computed.
 */
import type { Chance } from '../../faults/chance.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { HardwareProfile } from './profile.ts';

/** The times of one write. */
export interface FlashPace {
  readonly eraseSectorMs: DurationMs;
  readonly programPageMs: DurationMs;
}

/** What is left of a run of segments. */
export interface SegmentWork {
  readonly downloads: number;
  readonly downloadBytes: number;
  readonly verifyBytes: number;
  readonly writeBytes: number;
}

const grain = 1024;

export class Pace {
  readonly #profile: HardwareProfile;
  readonly #chance: Chance;

  constructor(profile: HardwareProfile, chance: Chance) {
    this.#profile = profile;
    this.#chance = chance;
  }

  flash(): FlashPace {
    const { flash } = this.#profile;
    return {
      eraseSectorMs: this.#between(flash.eraseSectorMs, flash.eraseSectorMaxMs),
      programPageMs: this.#between(flash.programPageMs, flash.programPageMaxMs),
    };
  }

  latencyMs(): DurationMs {
    const { link } = this.#profile;
    return this.#between(link.latencyMs, link.latencyMaxMs);
  }

  downloadMs(size: number): DurationMs {
    return this.latencyMs() + size / this.#profile.link.downloadBytesPerMs;
  }

  digestMs(size: number): DurationMs {
    return size / this.#profile.cpu.digestBytesPerMs;
  }

  readBackMs(size: number): DurationMs {
    return size / this.#profile.flash.readBytesPerMs + this.digestMs(size);
  }

  /** The least that a run of segments takes: to download, verify and write so many bytes, one segment after another. */
  leastMs({ downloads, downloadBytes, verifyBytes, writeBytes }: SegmentWork): DurationMs {
    const { link, flash } = this.#profile;
    return (
      downloads * link.latencyMs +
      downloadBytes / link.downloadBytesPerMs +
      this.digestMs(verifyBytes) +
      Math.floor(writeBytes / flash.sectorBytes) * flash.eraseSectorMs +
      Math.floor(writeBytes / flash.pageBytes) * flash.programPageMs
    );
  }

  /** The eighth power of an even draw: in one of nine on average, and now and then all of it. */
  #between(typicalMs: DurationMs, maxMs: DurationMs): DurationMs {
    if (maxMs === typicalMs) return typicalMs;
    const even = this.#chance.between(0, grain) / grain;
    const square = even * even;
    const fourth = square * square;
    return typicalMs + (maxMs - typicalMs) * fourth * fourth;
  }
}
