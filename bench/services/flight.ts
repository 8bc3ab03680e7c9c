/** A bounded number of executions in flight: when one has finished the next one starts, until all have. */
export interface Flight {
  /** One of those in flight has finished. */
  finished(): void;
  /** Milliseconds from the first start to the last finish. */
  readonly landed: Promise<number>;
}

export function startFlight(executions: number, window: number, start: () => void): Flight {
  const startedAt = performance.now();
  let started = 0;
  let finished = 0;
  let land: ((elapsedMs: number) => void) | undefined;
  const landed = new Promise<number>((resolve) => {
    land = resolve;
  });
  const startNext = () => {
    started += 1;
    start();
  };
  while (started < Math.min(window, executions)) startNext();
  return {
    finished() {
      finished += 1;
      if (started < executions) startNext();
      else if (finished === executions) land?.(performance.now() - startedAt);
    },
    landed,
  };
}
