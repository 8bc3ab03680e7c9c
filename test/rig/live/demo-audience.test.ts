/** A demo for an audience: nothing begins before somebody presses the button on the live page; what the audience touches is not judged. */
import { expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { zoo } from '../../agent/zoo/zoo-agents.ts';
import { openStage } from '../../../rig/live/demo/stage.ts';

const [first] = zoo;
const options = { things: 2, seed: 1, timeScale: 5, hardware: readHardwareProfiles('esp32-s3') };

it('waits for the start button, which only the page can press; devices that somebody acted on are remembered', async () => {
  await using stage = await openStage({ ...options, audience: { bug: first!.behaviour } });
  const order: string[] = [];
  const started = stage.started().finally(() => order.push('started'));
  const text = await (await fetch(stage.pageUrl)).text();
  const token = /name="jobrig-token" content="([^"]+)"/.exec(text)?.[1] ?? '';
  const act = async (action: object, given: string): Promise<unknown> => {
    const headers = { 'x-jobrig-page': given };
    const response = await fetch(new URL('page/actions', stage.pageUrl), {
      method: 'POST',
      headers,
      body: JSON.stringify(action),
    });
    return response.json();
  };
  expect(await act({ do: 'start' }, 'none')).toMatchObject({ ok: false });
  expect(order).toEqual([]);
  expect(await act({ do: 'start' }, token)).toMatchObject({ ok: true });
  await started;
  await act({ do: 'pull', target: { things: ['thing-2'] } }, token);
  expect([...stage.touched]).toEqual(['thing-2']);
});

it('without an audience begins at once', async () => {
  await using stage = await openStage(options);
  await stage.started();
});
