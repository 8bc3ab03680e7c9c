/**
 * Right devices of every style that real agents have, seen from the door alone: none of them is failed, by any claim. They are
 * put through one scenario: a job is pulled in the middle of the work, the same id comes again, the power is cut, a canary follows.
 */
import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../../rig/verdict/contract.ts';
import { Stream, notifications } from './stream.ts';

interface Style {
  readonly hears: 'notify' | 'notify-next' | 'both' | 'nothing, it polls';
  readonly starts: 'start-next' | 'an update' | 'nothing: QUEUED straight to SUCCEEDED';
  readonly session: 'clean' | 'persistent';
  readonly via: 'mqtt' | 'http';
  readonly whenPulled:
    'stops' | 'sends one late update' | 'works on beside the next job' | 'answers after a back-off of minutes';
  readonly afterThePower: 'asks' | 'runs the job from its beginning' | 'sends one stale update of the job it was at';
}

const plain: Style = {
  hears: 'both',
  starts: 'an update',
  session: 'clean',
  via: 'mqtt',
  whenPulled: 'stops',
  afterThePower: 'asks',
};

const styles: readonly (readonly [string, Style])[] = [
  ['plain', plain],
  ...(['notify', 'notify-next', 'nothing, it polls'] as const).map(
    (hears) => [`hears ${hears}`, { ...plain, hears }] as const,
  ),
  ...(['start-next', 'nothing: QUEUED straight to SUCCEEDED'] as const).map(
    (starts) => [`starts by ${starts}`, { ...plain, starts }] as const,
  ),
  ['persistent session', { ...plain, session: 'persistent' }],
  ['data plane', { ...plain, via: 'http' }],
  ...(['sends one late update', 'works on beside the next job', 'answers after a back-off of minutes'] as const).map(
    (whenPulled) => [whenPulled, { ...plain, whenPulled }] as const,
  ),
  ...(['runs the job from its beginning', 'sends one stale update of the job it was at'] as const).map(
    (afterThePower) => [`after a power cut ${afterThePower}`, { ...plain, afterThePower }] as const,
  ),
  ['Greengrass lite', { ...plain, hears: 'notify-next', whenPulled: 'works on beside the next job' }],
  ['FreeRTOS OTA', { ...plain, hears: 'notify-next', starts: 'start-next', whenPulled: 'sends one late update' }],
];

function connect(stream: Stream, { hears, session }: Style): void {
  stream.hears = {
    notify: hears === 'notify' || hears === 'both',
    notifyNext: hears === 'notify-next' || hears === 'both',
  };
  const filters = notifications.filter(
    (topic) => hears === 'both' || (topic.endsWith('next') ? hears === 'notify-next' : hears === 'notify'),
  );
  stream.connect(filters, session === 'persistent' && stream.seen.some(({ kind }) => kind === 'connected'));
}

function begin(stream: Stream, style: Style, jobId: string): void {
  if (style.hears === 'nothing, it polls') stream.wait(30_000).askNext();
  if (style.starts === 'start-next') stream.startNext();
  else if (style.starts === 'an update') stream.update(jobId, 'IN_PROGRESS');
  stream.wait(2000).download(jobId, 4000, 10_000, 1);
}

function finish(stream: Stream, jobId: string): void {
  stream.wait(3000).download(jobId, 6000, 10_000, 1).wait(500).update(jobId, 'SUCCEEDED');
}

function life(style: Style): Stream {
  const stream = new Stream();
  connect(stream, style);
  stream.wait(50).askNext().wait(5000).make('update');
  begin(stream, style, 'update');
  stream.wait(500).pull('update');
  if (style.whenPulled === 'sends one late update') stream.wait(1500).update('update', 'IN_PROGRESS');
  if (style.whenPulled === 'works on beside the next job') stream.wait(3000).download('update', 2000, 10_000);
  if (style.whenPulled === 'answers after a back-off of minutes') stream.wait(200_000).update('update', 'IN_PROGRESS');
  stream.wait(3000).askNext().wait(10_000).make('update');
  if (style.whenPulled === 'works on beside the next job') stream.wait(100);
  begin(stream, style, 'update');
  finish(stream, 'update');
  stream.wait(30_000).make('second');
  begin(stream, style, 'second');
  stream.cutPower().wait(500);
  connect(stream, style);
  stream.wait(100).askNext();
  if (style.afterThePower === 'sends one stale update of the job it was at') {
    stream.pull('second').wait(100).update('second', 'IN_PROGRESS').wait(100).askNext();
  } else {
    if (style.afterThePower === 'runs the job from its beginning')
      stream.update('second', 'IN_PROGRESS').download('second', 10_000, 10_000);
    finish(stream, 'second');
  }
  stream.wait(20_000).disconnect('lost').wait(4000);
  connect(stream, style);
  stream.wait(100).askNext().wait(20_000).make('canary');
  begin(stream, style, 'canary');
  finish(stream, 'canary');
  return stream.wait(5000).askNext().wait(20_000);
}

describe('a right device, seen from the door', () => {
  it.each(styles)('passes: %s', (_, style) => {
    const findings = life(style).judge({
      sees: ['downloads', 'power'],
      expectations: [{ jobId: 'canary', status: 'SUCCEEDED', withinMs: 120_000, about: 'V5' }],
    });
    expect(findings.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'not-observed')).toEqual([]);
    expect(verdictOf(findings)).toBe('pass');
    const decided = findings.filter(({ outcome }) => outcome === 'pass').map(({ claim }) => claim);
    expect(decided).toEqual(expect.arrayContaining(['V1', 'V2', 'V4', 'V5', 'V6', 'V8']));
  });

  it.each([
    ['before it could hear of the new execution', 0, 'inconclusive'],
    ['after it was told of the new execution', 500, 'fail'],
  ] as const)('sends its last report %s of the same number', (_, lateMs, outcome) => {
    const stream = new Stream().connect().wait(50).askNext().wait(1000).make('update').wait(50);
    stream.update('update', 'IN_PROGRESS').wait(1000).pull('update');
    const report = (): Stream => stream.ask('UpdateJobExecution', 'update', { status: 'FAILED' });
    if (lateMs === 0) report();
    stream.wait(5).make('update').wait(lateMs);
    if (lateMs > 0) report();
    stream.wait(5).become('update', 'FAILED').answer('UpdateJobExecution', {}, 'update').wait(100).askNext().wait(5000);
    const findings = stream.judge({ expectations: [{ jobId: 'update', status: 'SUCCEEDED', about: 'V4' }] });
    const judged = findings.filter((one) => one.outcome !== 'pass' && one.outcome !== 'not-observed');
    expect(judged.map((one) => one.outcome)).toEqual([outcome]);
  });

  it('leaves open what the door does not show', () => {
    const open = life(plain)
      .judge()
      .filter(({ outcome }) => outcome === 'not-observed');
    expect(open.map(({ claim }) => claim)).toEqual(['V3', 'V9', 'V10']);
    expect(
      life(plain)
        .judge()
        .find(({ claim }) => claim === 'V6')?.reason,
    ).toContain('erases not observed');
  });
});
