import { describe, expect, it } from 'vitest';
import type { DeviceClock } from '../../../agent/device-clock.ts';
import { Recorder } from '../../../rig/live/demo/recorder.ts';

/** A clock that is moved by hand. */
function handClock() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly ring: () => void }>();
  const clock: DeviceClock = {
    now: () => now,
    setTimer(at, ring) {
      const timer = { at, ring };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const moveTo = (at: number) => {
    now = at;
    for (const timer of timers) if (timer.at <= at && timers.delete(timer)) timer.ring();
  };
  return { clock, moveTo, timers };
}

const connected = { at: 1, kind: 'connected' } as const;

describe('recorder', () => {
  it('resolves with the next event that matches, of that device alone, and acts inside it', async () => {
    const { clock, timers } = handClock();
    const recorder = new Recorder(clock);
    const acted: string[] = [];
    const waiting = recorder.next(
      'a',
      ({ kind }) => kind === 'connected',
      100,
      () => acted.push('now'),
    );
    recorder.note('b', connected);
    recorder.note('a', { at: 1, kind: 'power', on: true });
    expect(acted).toEqual([]);
    recorder.note('a', connected);
    expect(acted).toEqual(['now']);
    expect(await waiting).toBe(connected);
    recorder.note('a', connected);
    expect(acted).toEqual(['now']);
    expect(timers.size).toBe(0);
  });

  it('resolves with nothing when the time is over', async () => {
    const { clock, moveTo } = handClock();
    const waiting = new Recorder(clock).next('a', () => true, 100);
    moveTo(100);
    expect(await waiting).toBeUndefined();
  });

  it('ends every wait when the run is aborted, and those that begin later', async () => {
    const { clock, timers } = handClock();
    const recorder = new Recorder(clock);
    const before = recorder.next('a', () => true, 100);
    recorder.abort(new Error('enough'));
    await expect(before).rejects.toThrow('enough');
    await expect(recorder.next('a', () => true, 100)).rejects.toThrow('enough');
    expect(timers.size).toBe(0);
  });

  it('finds the calls about a thing: its own and those about its jobs as a whole', () => {
    const recorder = new Recorder(handClock().clock);
    const call = { at: 0, answeredAt: 1, operation: 'X', outcome: 'ok' };
    recorder.noteCall({ ...call, thingName: 'a', jobId: 'j' });
    recorder.noteCall({ ...call, thingName: 'b', jobId: 'j' });
    recorder.noteCall({ ...call, jobId: 'j' });
    recorder.noteCall({ ...call, jobId: 'k' });
    expect(recorder.callsAbout('a', new Set(['j']))).toHaveLength(2);
  });
});
