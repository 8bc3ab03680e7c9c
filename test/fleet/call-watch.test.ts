/** A live device that never returns from a call: it is cut and from then on does nothing, and all others go on. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCallWatch } from '../../agent/call-watch.ts';
import { finished, liveFleet, liveService } from '../support/live.ts';
import { hangingBoards } from '../support/hanging-boards.ts';

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** In a process of its own: one that cannot be cut ends it. */
function play(what: string): Promise<Ended> {
  const script = resolve(import.meta.dirname, '../support/hanging-device.mjs');
  return new Promise((done) => {
    execFile(process.execPath, [script, what], (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

function about(): string {
  return 'thing-1';
}

describe('the watch over calls', () => {
  it('cuts loops, also out of a promise and a timer, again and again, and what comes after goes on', async () => {
    expect(await play('loops')).toEqual({ code: 0, stdout: Array(12).fill('cut').join(' '), stderr: '' });
  });

  it('ends the process where a call cannot be cut, and says which device hangs after what', async () => {
    expect(await play('generator')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'jobrig: thing-1 hangs after power-on: a call took more than 0.2 s of processor time and had not returned\n',
    });
  });

  it('hands on what is returned and what is thrown, also of a call within a call', () => {
    const watch = createCallWatch(100_000);
    expect(watch.during(about, () => watch.during(about, () => 7) + 1)).toBe(8);
    expect(() => watch.during(about, () => [].at(0)!['x'])).toThrow(TypeError);
    expect(watch.during(about, () => 9)).toBe(9);
  });
});

describe('a fleet with a device that hangs', () => {
  it('tells of it, cuts its connection, and the others do their jobs', async () => {
    const { service, operator } = await liveService();
    const names = ['thing-1', 'thing-2', 'thing-3'];
    await operator.createThings(names, 'all');
    const { fleet, events, when } = await liveFleet({
      endpoint: service.mqttUrl!,
      things: 3,
      ...hangingBoards('thing-2', 'message'),
    });
    await operator.createJob({ jobId: 'ok', things: names, document: '{"operation":"reboot"}' });
    await when(() => events.filter(finished('ok')).length === 2);
    const hung = events.filter(({ kind }) => kind === 'hung');
    expect(hung).toMatchObject([{ thingName: 'thing-2', after: expect.stringMatching(/^[A-Z]\w+/) as string }]);
    expect(fleet.counters()).toMatchObject({ succeeded: 2, connected: 2 });
    expect(fleet.devices.get('thing-2')!.view().connected).toBe(false);
  });

  it('starts although its first device hangs', async () => {
    const { service } = await liveService();
    const { fleet } = await liveFleet({
      endpoint: service.mqttUrl!,
      things: 2,
      ...hangingBoards('thing-1', 'power-on'),
    });
    expect(fleet.counters().connected).toBe(1);
  });
});
