/** Endpoints that take a connection and then say nothing, at each stage: the run ends by itself, and names the endpoint and the stage. */
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { FleetCounts } from '../../../rig/load/fleet-counts.ts';
import type { LineListener } from '../../../rig/load/line.ts';
import { LoadDevice } from '../../../rig/load/load-device.ts';
import { runLoad } from '../../../rig/load/run-load.ts';
import { loadOptions } from '../../support/play-load.ts';
import { connack, connect, endpointThatAnswers, subscribe } from '../../support/silent-endpoint.ts';

const boards = { profiles: readHardwareProfiles('esp32-c3'), document: '' };
const fleets = {
  things: {},
  boards: { hardware: boards, hardwareName: 'esp32-c3', timeScale: 50 },
} as const;

function play(endpoint: string, fleet: keyof typeof fleets, signal = new AbortController().signal, onAct = () => {}) {
  return runLoad({
    ...loadOptions('rollout', { things: 2 }),
    endpoint,
    signal,
    answersWithinMs: 300,
    onProgress: ({ act, connected }) => (act === 'connecting' || connected > 0) && onAct(),
    ...fleets[fleet],
  });
}

describe.each(Object.keys(fleets) as readonly (keyof typeof fleets)[])('a load of %s', (fleet) => {
  it('whose endpoint answers no request says so', async () => {
    const endpoint = await endpointThatAnswers([connect, subscribe]);
    await expect(play(endpoint, fleet)).rejects.toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringContaining(`${endpoint} takes connections, but has answered no request`) as string,
    });
  });

  it.each([
    ['CONNACK', []],
    ['SUBACK', [connect]],
    ['a reply', [connect, subscribe]],
  ] as const)('that is interrupted while %s does not come ends at once', async (_stage, answers) => {
    const interruption = new AbortController();
    const endpoint = await endpointThatAnswers(answers);
    const run = await play(endpoint, fleet, interruption.signal, () => interruption.abort());
    expect(run.partial).toBe('interrupted');
  });
});

it.each([
  ['connection', false, []],
  ['CONNACK', true, []],
  ['SUBACK', true, [connack]],
] as const)('a thing that waits for its %s in vain says for what', (stage, isOpened, answers) => {
  const counts = new FleetCounts();
  const listeners: LineListener[] = [];
  let now = 0;
  const device = new LoadDevice(0, 'thing-1', {
    counts,
    open: (_index, listener) => {
      listeners.push(listener);
      return { write: () => true, end() {}, drop() {} };
    },
    keepAliveSeconds: 20,
    reconnectMs: 0,
    chance: () => 0,
    now: () => now,
    intendedAt: () => undefined,
    settled() {},
  });
  device.connect();
  if (isOpened) listeners[0]!.opened();
  for (const answer of answers) listeners[0]!.received(answer);
  now = 20_001;
  device.look(now);
  device.close();
  expect(counts.report(false).failures).toEqual({ [`connect failed: no ${stage} for 20 s`]: 1 });
});
