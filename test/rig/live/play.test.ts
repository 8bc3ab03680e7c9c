/** A play ends when it is asked to, whenever that is: before it begins, too, while a device is still being equipped. */
import { describe, expect, it } from 'vitest';
import { handshakeScenario } from '../../../rig/live/check/handshake.ts';
import { type LiveWorld, playLive } from '../../../rig/live/play.ts';

/** Nothing ever happens here. */
const stillWorld: LiveWorld = {
  names: { jobId: (label) => label, thingName: (label) => label },
  thingNames: ['thing-1'],
  sights: new Set(),
  attend: () => {},
  perform: () => Promise.resolve(),
  now: () => Date.now(),
  setTimer: () => () => {},
  versions: new Map(),
};
const reason = new Error('interrupted');

function signalled(when: 'before' | 'after'): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort(reason);
  if (when === 'before') abort();
  return { signal: controller.signal, abort };
}

describe.each(['before', 'after'] as const)('a play that is stopped %s it begins', (when) => {
  it('ends with the reason of the interruption', async () => {
    const { signal, abort } = signalled(when);
    const played = playLive(handshakeScenario, stillWorld, { settleMs: 1000, signal });
    abort();
    await expect(played).rejects.toBe(reason);
  });

  it('is judged by what was seen where it is given up', async () => {
    const { signal, abort } = signalled(when);
    const played = playLive(handshakeScenario, stillWorld, { settleMs: 1000, giveUp: signal });
    abort();
    expect(await played).toMatchObject({ observations: [], unfinished: expect.stringContaining('connect') as string });
  });
});
