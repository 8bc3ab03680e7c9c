/** Spans of time and sizes as files write them. Pages use these, which is why the forms that read them are elsewhere (values.ts). */
import type { DurationMs } from '../../../protocol/time.ts';

export const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

export function spanText(ms: DurationMs): string {
  for (const unit of ['h', 'min', 's'] as const) {
    const value = ms / unitMs[unit]!;
    if (value >= 1 && Number.isInteger(value * 10)) return `${value} ${unit}`;
  }
  return `${ms} ms`;
}

export const unitBytes: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1_048_576 };

export function sizeText(bytes: number): string {
  for (const unit of ['MiB', 'KiB'] as const) {
    const value = bytes / unitBytes[unit]!;
    if (value >= 1 && Number.isInteger(value)) return `${value} ${unit}`;
  }
  return `${bytes} B`;
}
