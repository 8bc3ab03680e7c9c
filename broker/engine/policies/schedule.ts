/**
 * What a job's schedule says of an instant: whether the job is open then, and when that changes. Windows that overlap or touch
 * are one; a window that is open already when the job may start opens for it then. Only says; what opening, closing and
 * ending do is job-schedule.ts.
 * Source: reference configs.md §5, ambiguities.md A26 (lead times).
 */
import type { MaintenanceWindow, SchedulingConfig } from '../../../protocol/aws/iot.ts';
import { parseScheduleTime } from '../../../protocol/schedule.ts';
import { msPerDay, msPerMinute, type EpochMs } from '../../../protocol/time.ts';
import { dateOf, nextOccurrence } from './cron.ts';

export interface Phase {
  readonly isOpen: boolean;
  /** When the job opens or closes next; `undefined`: never again. */
  readonly until: EpochMs | undefined;
}

interface Opening {
  readonly opensAt: EpochMs;
  readonly closesAt: EpochMs;
}

/** Starts that DescribeJob tells in advance. */
const shownRollouts = 7;

export function phaseAt({ startTime, maintenanceWindows = [] }: SchedulingConfig, now: EpochMs): Phase {
  const start = instantOf(startTime) ?? now;
  if (maintenanceWindows.length === 0) {
    return start <= now ? { isOpen: true, until: undefined } : { isOpen: false, until: start };
  }
  const opening = openingAt(maintenanceWindows, Math.max(start, now));
  if (opening === undefined) return { isOpen: false, until: undefined };
  const opensAt = Math.max(start, opening.opensAt);
  return opensAt <= now ? { isOpen: true, until: opening.closesAt } : { isOpen: false, until: opensAt };
}

/** The instant that a schedule names, if it names one. */
export function instantOf(text: string | undefined): EpochMs | undefined {
  return text === undefined ? undefined : parseScheduleTime(text);
}

/** The next window starts, in order. */
export function nextRollouts(
  { startTime, endTime, maintenanceWindows = [] }: SchedulingConfig,
  now: EpochMs,
): EpochMs[] {
  const end = instantOf(endTime) ?? Infinity;
  const starts = new Set<EpochMs>();
  for (const window of maintenanceWindows) {
    let at: EpochMs | undefined = Math.max(now, (instantOf(startTime) ?? now) - 1);
    for (let count = 0; count < shownRollouts && at !== undefined; count += 1) {
      at = nextOccurrence(window.startTime, at);
      if (at !== undefined && at < end) starts.add(at);
    }
  }
  return [...starts].sort((a, b) => a - b).slice(0, shownRollouts);
}

/** `2030-01-31 18:00`, UTC. */
export function formatScheduleTime(at: EpochMs): string {
  const { year, month, day } = dateOf(Math.floor(at / msPerDay));
  const minutes = Math.floor((at % msPerDay) / msPerMinute);
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Observed: refused always. Assumed: the texts. */
export function pastProblem({ startTime, endTime }: SchedulingConfig, now: EpochMs): string | undefined {
  const isPast = (text: string | undefined): boolean => (instantOf(text) ?? Infinity) <= now;
  if (isPast(startTime)) return `The startTime ${startTime} is in the past.`;
  return isPast(endTime) ? `The endTime ${endTime} is in the past.` : undefined;
}

/** Enforced in strict mode only, because a rig needs short schedules (A26). Assumed: all texts. */
export function leadTimeProblem({ startTime, endTime }: SchedulingConfig, now: EpochMs): string | undefined {
  const lead = 30 * msPerMinute;
  const year = 365 * msPerDay;
  const start = instantOf(startTime);
  const end = instantOf(endTime);
  if (start !== undefined && start < now + lead) return 'The startTime must be at least 30 minutes from now.';
  if (start !== undefined && start > now + year) return 'The startTime must be at most one year from now.';
  if (end === undefined) return undefined;
  if (end < (start ?? now) + lead) return 'The endTime must be at least 30 minutes after the startTime.';
  return end > now + 2 * year ? 'The endTime must be at most two years from now.' : undefined;
}

/** The window that is open at an instant, or else the first one after it. */
function openingAt(windows: readonly MaintenanceWindow[], at: EpochMs): Opening | undefined {
  let first: Opening | undefined;
  for (const { startTime, durationInMinutes } of windows) {
    const duration = durationInMinutes * msPerMinute;
    const opensAt = nextOccurrence(startTime, at - duration);
    if (opensAt === undefined) continue;
    if (first === undefined || opensAt < first.opensAt) first = { opensAt, closesAt: opensAt + duration };
  }
  return first;
}
