/** What a load run needs beside what it is asked for: when to stop, where its parts come from, and whom it tells of itself. */
import type { DurationMs } from '../../protocol/time.ts';
import type { LoadProgress } from './load-progress.ts';
import type { LoadRequest } from './load-request.ts';
import type { PartQuestions } from './part.ts';
import type { Child } from '../process/child.ts';
import type { Tally } from './tally.ts';

export interface LoadOptions extends LoadRequest {
  readonly signal: AbortSignal;
  /** Device seconds in a second, with hardware. Default 1. */
  readonly timeScale?: number;
  /** Default: five times a second. */
  readonly lookEveryMs?: DurationMs;
  /** Without one connected thing for so long, and the time in which things come back, the service counts as gone. Default: 10 s. */
  readonly goneAfterMs?: DurationMs;
  /** An endpoint that takes connections and answers no request for so long is none of Jobs. Default: 30 s. */
  readonly answersWithinMs?: DurationMs;
  /** Default: a process of its own. */
  readonly startPart?: (heapMegabytes: number) => Child<PartQuestions>;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Told where the live page of the own service is. */
  readonly onService?: (pageUrl: string) => void;
  /** Told about once a second. */
  readonly onTally?: (tally: Tally) => void;
}
