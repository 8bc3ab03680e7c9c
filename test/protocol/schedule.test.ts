import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronProblem, parseScheduleTime } from '../../protocol/schedule.ts';

describe('parseScheduleTime', () => {
  it('agrees with the calendar of the platform for every instant of four centuries', () => {
    const instants = fc.date({ min: new Date('1800-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, (date) => {
        expect(parseScheduleTime(date.toISOString())).toBe(date.getTime());
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['2030-01-31', '2030-01-31T00:00:00Z'],
    ['2030-01-31 18:00', '2030-01-31T18:00:00Z'],
    ['2030-01-31T18:00', '2030-01-31T18:00:00Z'],
    ['2030-01-31 18:00:07', '2030-01-31T18:00:07Z'],
    ['2030-01-31T18:00:07.5+02:00', '2030-01-31T18:00:07.5+02:00'],
    ['2030-01-31T18:00:07.123456789Z', '2030-01-31T18:00:07.123Z'],
    ['2030-01-31T18:00-0330', '2030-01-31T18:00-03:30'],
    ['2000-02-29 00:00', '2000-02-29T00:00Z'],
  ])('reads %s', (text, same) => {
    expect(parseScheduleTime(text)).toBe(Date.parse(same));
  });

  it.each([
    '',
    'tomorrow',
    '2030-1-31',
    '2030-13-01',
    '2030-00-01',
    '2030-06-31',
    '2100-02-29',
    '2030-01-31 24:00',
    '2030-01-31 10:60',
    '2030-01-31 10',
    '2030-01-31T10:00:00+24:00',
    '2030-01-31T10:00:00Z ',
    '31/01/2030',
  ])('refuses "%s"', (text) => {
    expect(parseScheduleTime(text)).toBeUndefined();
  });
});

describe('cronProblem', () => {
  it.each([
    '0 10 * * ? *',
    '0 18 ? * MON-FRI *',
    '0 8 1 * ? *',
    '0/15 8-17 ? * 2,4,6 2030-2040',
    '0 0 L * ? *',
    '0 0 3W JAN,JUL ? *',
    '0 0 ? * 3#2 *',
    '0 0 ? * 6L *',
    '*/5 * ? 1-6/2 * *',
  ])('is content with cron(%s)', (fields) => {
    expect(cronProblem(`cron(${fields})`)).toBeUndefined();
  });

  it.each([
    ['0 10 * * ? *', 'not cron('],
    ['cron(0 10 * * ?)', 'not cron('],
    ['cron()', 'not cron('],
    ['rate(5 minutes)', 'not cron('],
    ['cron(60 10 * * ? *)', 'minutes'],
    ['cron(0 24 * * ? *)', 'hours'],
    ['cron(0 0 0 * ? *)', 'day of month'],
    ['cron(0 0 32W * ? *)', 'day of month'],
    ['cron(0 0 1 13 ? *)', 'month'],
    ['cron(0 0 1 FOO ? *)', 'month'],
    ['cron(0 0 ? * 8 *)', 'day of week'],
    ['cron(0 0 ? * 3#6 *)', 'day of week'],
    ['cron(0 0 1 * ? 1969)', 'year'],
    ['cron(0 0 1 * ? 1-2-3)', 'year'],
    ['cron(0/0 0 1 * ? *)', 'minutes'],
    ['cron(0 0 1 * 2 *)', 'exactly one'],
    ['cron(0 0 ? * ? *)', 'exactly one'],
    ['cron(0 0 * * * *)', 'exactly one'],
  ])('names what is wrong with %s', (expression, problem) => {
    expect(cronProblem(expression)).toContain(problem);
  });
});
