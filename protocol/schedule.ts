/**
 * The two notations of a job's schedule, read and checked: instants (`2030-01-31 18:00` and ISO 8601, UTC unless they
 * say otherwise) and the recurrences of maintenance windows (`cron(…)`, six fields). When a recurrence next falls due is
 * the engine's business. Calendar arithmetic is done here because pure code has no clock-bound date type.
 * Source: reference configs.md §5, ambiguities.md A26.
 */
import { type DurationMs, type EpochMs, msPerMinute, msPerSecond } from './time.ts';

const instant =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$/;

/** @returns `undefined` for text that names no instant, such as the 31st of June. */
export function parseScheduleTime(text: string): EpochMs | undefined {
  const match = instant.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map((part) => Number(part ?? 0)) as Six;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const milliseconds = Number(`${match[7] ?? ''}000`.slice(0, 3));
  const offset = offsetOf(match[8], match[9], match[10]);
  return (
    daysSince1970(year, month, day) * 24 * 60 * msPerMinute +
    (hours * 60 + minutes) * msPerMinute +
    seconds * msPerSecond +
    milliseconds -
    offset
  );
}

/** To the second, e.g. `2030-01-31T18:00:00Z`; what {@link parseScheduleTime} reads back. */
export function formatScheduleTime(at: EpochMs): string {
  const seconds = Math.ceil(at / msPerSecond);
  let days = Math.floor(seconds / 86_400);
  let year = 1970;
  for (; days >= daysInYear(year); year += 1) days -= daysInYear(year);
  let month = 1;
  for (; days >= daysInMonth(year, month); month += 1) days -= daysInMonth(year, month);
  const ofDay = seconds % 86_400;
  const time = [ofDay / 3600, (ofDay % 3600) / 60, ofDay % 60].map((value) => two(Math.floor(value))).join(':');
  return `${year}-${two(month)}-${two(days + 1)}T${time}Z`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function daysInYear(year: number): number {
  return isLeap(year) ? 366 : 365;
}

type Six = [number, number, number, number, number, number];

function offsetOf(sign: string | undefined, hours: string | undefined, minutes: string | undefined): DurationMs {
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * msPerMinute;
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Counts whole years first, then days of the year; leap days before a year follow from its number alone. */
function daysSince1970(year: number, month: number, day: number): number {
  const leapDays = leapDaysBefore(year) - leapDaysBefore(1970);
  let days = (year - 1970) * 365 + leapDays + day - 1;
  for (let earlier = 1; earlier < month; earlier += 1) days += daysInMonth(year, earlier);
  return days;
}

function leapDaysBefore(year: number): number {
  const before = year - 1;
  return Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
}

export interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for `min`, `min + 1`, … */
  readonly names?: readonly string[];
  /** Forms beyond numbers, lists, ranges and steps. */
  readonly special?: RegExp;
}

/** Minutes, hours, day of month, month, day of week, year: in the order of an expression. */
export const cronFields: readonly [CronField, CronField, CronField, CronField, CronField, CronField] = [
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31, special: /^(?:\?|L|LW|(?:[1-9]|[12]\d|3[01])W)$/ },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  {
    name: 'day of week',
    min: 1,
    max: 7,
    names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
    special: /^(?:\?|L|[1-7]L|[1-7]#[1-5])$/,
  },
  { name: 'year', min: 1970, max: 2199 },
];

/** @returns what is wrong with a `cron(…)` expression, or `undefined`. */
export function cronProblem(expression: string): string | undefined {
  const match = /^cron\((.*)\)$/.exec(expression);
  const fields = match?.[1]?.trim().split(/\s+/);
  if (fields?.length !== cronFields.length) return 'it is not cron(minutes hours day-of-month month day-of-week year)';
  const broken = cronFields.find((field, index) => !isCronField(field, fields[index] ?? ''));
  if (broken !== undefined) return `its ${broken.name} field is not valid`;
  const openDays = [fields[2], fields[4]].filter((field) => field === '?').length;
  return openDays === 1 ? undefined : 'exactly one of its two day fields must be ?';
}

function isCronField(field: CronField, text: string): boolean {
  return field.special?.test(text) === true || text.split(',').every((part) => isCronPart(field, part));
}

/** `*`, `7`, `MON-FRI`, `0/15`, `10-20/2`. */
function isCronPart(field: CronField, part: string): boolean {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
  if (range === '*') return true;
  const ends = range.split('-').map((end) => cronNumber(field, end));
  return ends.length <= 2 && ends.every((end) => end >= field.min && end <= field.max);
}

export function cronNumber({ min, names }: CronField, text: string): number {
  const named = names?.indexOf(text) ?? -1;
  if (named >= 0) return min + named;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
