/**
 * A firmware slot in flash: sectors that are erased, pages that are programmed, both taking time, so that a power cut inside
 * leaves some done, one torn and the rest untouched. Content is not kept as bytes: a page holds the tag of the image it came
 * from, which is right only at its own place, so verification is real and cheap. Runs of equal pages are kept as one.
 */
import type { DurationMs } from '../../protocol/time.ts';
import type { FlashPace } from './pace.ts';
import type { HardwareProfile } from './profile.ts';

/** What a page holds; an image's tag is its digest. */
type PageContent = string;
const erased: PageContent = 'erased';
/** Cut off by a power loss, or programmed twice: reads as nothing that anybody wrote. */
const torn: PageContent = 'torn';

interface Run {
  fromPage: number;
  /** Not included. */
  toPage: number;
  readonly content: PageContent;
}

/** Of the slots; torn pages anywhere. */
export interface FlashCounters {
  erases: number;
  /** Erases of the sector that was erased most. */
  wear: number;
}

/** A write of one segment: sectors are erased from its start on, then its pages programmed. */
export interface SegmentWrite {
  readonly offset: number;
  readonly bytes: number;
  readonly content: PageContent;
  /** How much is erased, in whole sectors: the segment, more if the rest is to follow unerased, or nothing. */
  readonly eraseBytes: number;
}

export class SlotFlash {
  readonly #geometry: HardwareProfile['flash'];
  readonly #counters: FlashCounters;
  /** In order, without gaps, over the whole slot. */
  #runs: Run[];
  /** Erases of each sector; made when the first is erased. */
  #wear: Uint32Array | undefined;

  constructor(geometry: HardwareProfile['flash'], counters: FlashCounters) {
    this.#geometry = geometry;
    this.#counters = counters;
    this.#runs = [{ fromPage: 0, toPage: geometry.slotBytes / geometry.pageBytes, content: erased }];
  }

  /** Whether the sectors that a write would erase can still be erased. */
  canWrite({ offset, bytes, eraseBytes }: SegmentWrite): boolean {
    const { slotBytes, sectorBytes, enduranceErases } = this.#geometry;
    if (offset % sectorBytes !== 0 || offset + Math.max(bytes, eraseBytes) > slotBytes) return false;
    const end = Math.ceil((offset + eraseBytes) / sectorBytes);
    for (let sector = offset / sectorBytes; sector < end; sector += 1) {
      if ((this.#wear?.[sector] ?? 0) >= enduranceErases) return false;
    }
    return true;
  }

  sectorsErasedBy({ eraseBytes }: SegmentWrite): number {
    return Math.ceil(eraseBytes / this.#geometry.sectorBytes);
  }

  writeMs(write: SegmentWrite, { eraseSectorMs, programPageMs }: FlashPace): DurationMs {
    const pages = Math.ceil(write.bytes / this.#geometry.pageBytes);
    return this.sectorsErasedBy(write) * eraseSectorMs + pages * programPageMs;
  }

  /** A write that came to its end, or was cut off after so long. */
  write(write: SegmentWrite, { eraseSectorMs, programPageMs }: FlashPace, elapsedMs: DurationMs = Infinity): void {
    const { sectorBytes, pageBytes } = this.#geometry;
    const pagesPerSector = sectorBytes / pageBytes;
    const firstPage = write.offset / pageBytes;
    const sectors = this.sectorsErasedBy(write);
    const erasedSectors = completed(sectors, elapsedMs, eraseSectorMs);
    const erasedTo = firstPage + erasedSectors * pagesPerSector;
    this.#erase(write.offset / sectorBytes, erasedSectors);
    if (erasedSectors < sectors) {
      this.#fill(firstPage, erasedTo, erased);
      return this.#fill(erasedTo, erasedTo + pagesPerSector, torn);
    }
    const pages = Math.ceil(write.bytes / pageBytes);
    const programmed = completed(pages, elapsedMs - sectors * eraseSectorMs, programPageMs);
    const programmedTo = firstPage + programmed;
    this.#fill(firstPage, programmedTo, write.content);
    this.#fill(programmedTo, erasedTo, erased);
    if (programmed < pages) this.#fill(programmedTo, programmedTo + 1, torn);
  }

  /** Whether no sector that is erased as often as the one erased most would be worn out by so many erases more. */
  canErase(erases: number): boolean {
    return this.#counters.wear + erases <= this.#geometry.enduranceErases;
  }

  /** Whether nothing is programmed here. */
  isBlank(offset: number, bytes: number): boolean {
    const { pageBytes } = this.#geometry;
    const fromPage = Math.floor(offset / pageBytes);
    const toPage = Math.ceil((offset + bytes) / pageBytes);
    return this.#runs.every((run) => run.content === erased || run.toPage <= fromPage || run.fromPage >= toPage);
  }

  /** Whether the slot holds this image, whole and in its place. */
  holds(content: PageContent, sizeBytes: number): boolean {
    const first = this.#runs[0];
    return first?.content === content && first.toPage >= Math.ceil(sizeBytes / this.#geometry.pageBytes);
  }

  /** The state of a slot that came with this image in it. */
  preload(content: PageContent): void {
    this.#fill(0, this.#geometry.slotBytes / this.#geometry.pageBytes, content);
  }

  #erase(firstSector: number, count: number): void {
    this.#wear ??= new Uint32Array(this.#geometry.slotBytes / this.#geometry.sectorBytes);
    for (let sector = firstSector; sector < firstSector + count; sector += 1) {
      const wear = (this.#wear[sector] ?? 0) + 1;
      this.#wear[sector] = wear;
      if (wear > this.#counters.wear) this.#counters.wear = wear;
    }
    this.#counters.erases += count;
  }

  #fill(fromPage: number, toPage: number, content: PageContent): void {
    if (fromPage >= toPage || this.#grow(fromPage, toPage, content)) return;
    const runs: Run[] = [];
    for (const run of this.#runs) append(runs, run.fromPage, Math.min(run.toPage, fromPage), run.content);
    append(runs, fromPage, toPage, content);
    for (const run of this.#runs) append(runs, Math.max(run.fromPage, toPage), run.toPage, run.content);
    this.#runs = runs;
  }

  /** An image is written in order: most often a run of it only grows at the cost of the next one. */
  #grow(fromPage: number, toPage: number, content: PageContent): boolean {
    const runs = this.#runs;
    for (let index = 1; index < runs.length; index += 1) {
      const after = runs[index]!;
      if (after.fromPage !== fromPage) continue;
      const before = runs[index - 1]!;
      if (before.content !== content || toPage >= after.toPage) return false;
      before.toPage = toPage;
      after.fromPage = toPage;
      return true;
    }
    return false;
  }
}

/** Adds a run behind the others, as one with the last where they are alike; an empty one not at all. */
function append(runs: Run[], fromPage: number, toPage: number, content: PageContent): void {
  if (fromPage >= toPage) return;
  const last = runs.at(-1);
  if (last?.content === content) runs[runs.length - 1] = { fromPage: last.fromPage, toPage, content };
  else runs.push({ fromPage, toPage, content });
}

/** How many of `count` operations in a row, each this long, have ended. */
function completed(count: number, elapsedMs: DurationMs, eachMs: DurationMs): number {
  return elapsedMs >= count * eachMs ? count : Math.max(0, Math.floor(elapsedMs / eachMs));
}
