/** A live device that never returns from a call: the process says so and ends, as for any device that is not valid. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCallWatch } from '../../agent/call-watch.ts';

const script = resolve(import.meta.dirname, '../support/hanging-device.mjs');

function about(): string {
  return 'thing-1';
}

describe('the watch over calls', () => {
  it('ends a fleet whose device hangs, and says which one, after what, and how to play it again', async () => {
    const ended = await new Promise<{ code: unknown; stderr: string }>((done) => {
      execFile(process.execPath, [script], (error, _, stderr) => done({ code: error?.code, stderr }));
    });
    expect(ended).toEqual({
      code: 1,
      stderr:
        'jobrig: thing-1 hangs after power-on (play it: npx jobrig demo): a call took more than 0.2 s of processor time and had not returned\n',
    });
  });

  it('hands on what is returned and what is thrown, also of a call within a call', () => {
    const watch = createCallWatch(100_000);
    expect(watch.during(about, () => watch.during(about, () => 7) + 1)).toBe(8);
    expect(() => watch.during(about, () => [].at(0)!['x'])).toThrow(TypeError);
    expect(watch.during(about, () => 9)).toBe(9);
  });
});
