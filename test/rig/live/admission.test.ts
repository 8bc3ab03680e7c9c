import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Admission } from '../../../rig/live/demo/admission.ts';

describe('admission of parts of the demo', () => {
  it('lets in who asks until it is full, then in the order of asking as others end', async () => {
    using admission = new Admission();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const play = (name: string): Promise<void> =>
      admission.play(() => {
        begun.push(name);
        return new Promise((end) => ends.push(end));
      }, undefined);
    const parts = Array.from({ length: 100 }, (_, index) => play(`part ${index}`));
    const first = begun.length;
    expect(first).toBeGreaterThan(1);
    expect(first).toBeLessThan(100);
    for (let ended = 0; ended < 100; ended += 1) {
      ends[ended]!();
      await parts[ended];
    }
    expect(begun).toEqual(parts.map((_, index) => `part ${index}`));
  });

  it('refuses whoever waits, and whoever comes, with the reason of the signal', async () => {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    using admission = new Admission();
    const play = (): Promise<void> => admission.play(() => new Promise(() => {}), controller.signal);
    const parts = Array.from({ length: 100 }, play);
    controller.abort(new Error('enough'));
    for (const part of parts) await expect(part).rejects.toThrow('enough');
    await expect(play()).rejects.toThrow('enough');
  });
});
