/** A run with a device that hangs goes on to its end, and its report says which one and after what. */
import { describe, expect, it } from 'vitest';
import { hangingBoards } from '../../support/hanging-boards.ts';
import { runDemo } from '../../support/demo.ts';

describe('the demo with a device that hangs', () => {
  it('fails that device alone, and plays the rest', { timeout: 240_000 }, async () => {
    const broken: (readonly [string, string])[] = [];
    const report = await runDemo({
      things: 2,
      ...hangingBoards('thing-2', 'message'),
      onBroken: (thingName, found) => broken.push([thingName, found]),
    });
    expect(report.verdict).toBe('fail');
    expect(report.devices).toEqual({ valid: 1, invalid: 1 });
    const [cause] = report.causes;
    expect(cause).toMatchObject({ act: 'live', claim: 'V1', in: ['thing-2'] });
    expect(cause!.reason).toMatch(/^hangs after \w+.*: the call did not return, and was cut$/);
    expect(broken[0]).toEqual(['thing-2', expect.stringContaining('hangs after')]);
    const story = report.deviceReports.find(({ thingName }) => thingName === 'thing-2')!;
    const finding = story.findings.find(({ claim }) => claim === 'V1')!;
    expect(finding.decisive).toMatchObject({ kind: 'hung', thingName: 'thing-2' });
  });
});
