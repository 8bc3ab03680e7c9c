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

  it('refuses whoever waits, and whoever comes, with the reason of the signal; who has begun ends by himself', async () => {
    const controller = new AbortController();
    using admission = new Admission();
    const ends: (() => void)[] = [];
    const play = (): Promise<void> => admission.play(() => new Promise((end) => ends.push(end)), controller.signal);
    const parts = Array.from({ length: 100 }, play);
    const begun = ends.length;
    controller.abort(new Error('enough'));
    for (const end of ends) end();
    for (const part of parts.slice(0, begun)) await part;
    for (const part of parts.slice(begun)) await expect(part).rejects.toThrow('enough');
    await expect(play()).rejects.toThrow('enough');
  });
});
