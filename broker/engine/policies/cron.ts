/**
 * When a `cron(…)` recurrence falls due, in UTC: days are looked at one after the other, then the minutes of the day. The
 * expression has been checked (protocol/schedule.ts). A step without a range runs to the end of its field; a range may run
 * over that end (`FRI-MON`).
 * Source: reference configs.md §5.
 */
import { cronFields, cronNumber, daysInMonth, type CronField } from '../../../protocol/schedule.ts';
import { msPerDay, msPerMinute, type EpochMs } from '../../../protocol/time.ts';

interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 1 is Sunday. */
  readonly weekday: number;
}

const lastYear = 2199;
const minutesPerHour = 60;
const minutesPerDay = 1440;

/** @returns the first instant after `after`, or `undefined` when there is none. */
export function nextOccurrence(expression: string, after: EpochMs): EpochMs | undefined {
  const texts = expression.slice('cron('.length, -1).trim().split(/\s+/);
  const [minutes, hours, days, months, weekdays, years] = texts as [string, string, string, string, string, string];
  const [minuteField, hourField, dayField, monthField, weekdayField, yearField] = cronFields;
  const isDay = (date: CalendarDay): boolean =>
    matches(yearField, years, date.year) &&
    matches(monthField, months, date.month) &&
    (days === '?' ? isWeekday(weekdayField, weekdays, date) : isDayOfMonth(dayField, days, date));
  const isMinute = (minute: number): boolean =>
    matches(hourField, hours, Math.floor(minute / minutesPerHour)) &&
    matches(minuteField, minutes, minute % minutesPerHour);

  let first = Math.floor(after / msPerMinute) + 1;
  for (let dayNumber = Math.floor(first / minutesPerDay); ; dayNumber += 1) {
    const date = dateOf(dayNumber);
    if (date.year > lastYear) return undefined;
    if (isDay(date)) {
      for (let minute = Math.max(0, first - dayNumber * minutesPerDay); minute < minutesPerDay; minute += 1) {
        if (isMinute(minute)) return dayNumber * msPerDay + minute * msPerMinute;
      }
    }
    first = 0;
  }
}

/** Numbers, names, lists, ranges and steps. */
function matches(field: CronField, text: string, value: number): boolean {
  return text.split(',').some((part) => {
    const [range = '', step] = part.split('/');
    const [from = '', to] = range.split('-');
    const first = range === '*' ? field.min : cronNumber(field, from);
    const last = to === undefined ? (range === '*' || step !== undefined ? field.max : first) : cronNumber(field, to);
    const isInside = first <= last ? first <= value && value <= last : first <= value || value <= last;
    const offset = value >= first ? value - first : value + field.max - field.min + 1 - first;
    return isInside && offset % Number(step ?? 1) === 0;
  });
}

function isDayOfMonth(field: CronField, text: string, date: CalendarDay): boolean {
  const last = daysInMonth(date.year, date.month);
  if (text === 'L') return date.day === last;
  if (text === 'LW') return date.day === nearestWeekday(date, last);
  if (text.endsWith('W')) return date.day === nearestWeekday(date, Number(text.slice(0, -1)));
  return matches(field, text, date.day);
}

/** The day from Monday to Friday that is nearest to a day of the month, within the month. */
function nearestWeekday(date: CalendarDay, wanted: number): number {
  const last = daysInMonth(date.year, date.month);
  if (wanted > last) return Number.NaN;
  const weekday = ((((date.weekday - 1 + wanted - date.day) % 7) + 7) % 7) + 1;
  if (weekday === 7) return wanted === 1 ? 3 : wanted - 1;
  if (weekday === 1) return wanted === last ? wanted - 2 : wanted + 1;
  return wanted;
}

function isWeekday(field: CronField, text: string, date: CalendarDay): boolean {
  if (text === 'L') return date.weekday === field.max;
  const [, last] = /^(\d)L$/.exec(text) ?? [];
  if (last !== undefined) {
    return date.weekday === Number(last) && date.day + 7 > daysInMonth(date.year, date.month);
  }
  const [, weekday, nth] = /^(\d)#(\d)$/.exec(text) ?? [];
  if (weekday !== undefined) return date.weekday === Number(weekday) && Math.ceil(date.day / 7) === Number(nth);
  return matches(field, text, date.weekday);
}

/**
 * The civil date of a day since 1970-01-01. Years begin in March, so that a leap day is a year's last one; 400 years have
 * 146,097 days.
 */
export function dateOf(dayNumber: number): CalendarDay {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    weekday: ((((dayNumber + 4) % 7) + 7) % 7) + 1,
  };
}
