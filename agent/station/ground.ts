/** What the parts of a station share: the time, what is to come, the board, the transport, and who is told. */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { BoardInput } from '../board/contract.ts';
import type { StationEffect } from './contract.ts';
import type { Reporter } from './reporter.ts';
import type { TimetableEntry } from './timetable.ts';

export interface Ground {
  readonly now: EpochMs;
  readonly reporter: Reporter;
  /** The observer has held the device or put something in, which comes before anything that was seen takes effect. */
  readonly isInterrupted: boolean;
  at<What>(entry: TimetableEntry<What>): void;
  later(afterMs: DurationMs, happen: () => void): void;
  feed(input: BoardInput): void;
  perform(effect: StationEffect): void;
}
