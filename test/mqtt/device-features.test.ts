/** Features that the door answers by itself, in both formats: reports of Device Defender, and command executions. */
import { decode, encode } from 'cborg';
import { afterEach, describe, expect, it } from 'vitest';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

const formats = {
  json: {
    write: (value: unknown) => Buffer.from(JSON.stringify(value)),
    read: (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown,
  },
  cbor: { write: (value: unknown) => Buffer.from(encode(value)), read: (bytes: Buffer) => decode(bytes) as unknown },
} as const;

describe.each(['json', 'cbor'] as const)('in %s', (name) => {
  const { write, read } = formats[name];

  async function told(topic: string, payload: Buffer, filter: string): Promise<unknown[]> {
    const { port, events } = await openDoor();
    const lamp = await WireClient.connect(port, { clientId: 'lamp' });
    lamp.publish(topic, payload);
    await lamp.settled();
    expect(lamp.topics()).toEqual([]);
    await lamp.subscribe([filter]);
    lamp.publish(topic, payload);
    await lamp.settled();
    expect(events.filter(({ kind }) => kind === 'not-answered' || kind === 'publish-refused')).toEqual([]);
    return lamp.messages.map((message) => [message.topic, read(message.bytes)]);
  }

  const metrics = `$aws/things/lamp/defender/metrics/${name}`;

  it.each([
    [{ header: { report_id: 7, version: '1.0' }, metrics: {} }, 7],
    [{ hed: { rid: 8, v: '1.0' }, met: {} }, 8],
  ])('a report %j is accepted by its id', async (report, reportId) => {
    const accepted = { thingName: 'lamp', reportId, status: 'ACCEPTED', timestamp: expect.any(Number) as number };
    expect(await told(metrics, write(report), `${metrics}/+`)).toEqual([[`${metrics}/accepted`, accepted]]);
  });

  it.each([
    ['without an id', { header: {} }],
    ['that is no report', [1]],
  ])('a report %s is rejected', async (_what, report) => {
    const rejected = { thingName: 'lamp', status: 'REJECTED', statusDetails: { ErrorCode: 'InvalidPayload' } };
    const [message, ...others] = await told(metrics, write(report), `${metrics}/+`);
    expect(message).toEqual([
      `${metrics}/rejected`,
      expect.objectContaining({ thingName: 'lamp', status: 'REJECTED' }),
    ]);
    expect(message).toMatchObject([`${metrics}/rejected`, rejected]);
    expect(others).toEqual([]);
  });

  it('a report that is not well formed is rejected', async () => {
    const [message] = await told(metrics, Buffer.from([0xff]), `${metrics}/+`);
    expect(message).toMatchObject([`${metrics}/rejected`, { status: 'REJECTED' }]);
  });

  it.each(['things', 'clients'])('of a command execution of %s nobody knows', async (kind) => {
    const response = `$aws/commands/${kind}/lamp/executions/e-1/response`;
    const refusal = {
      error: 'ResourceNotFound',
      errorMessage: 'Command execution e-1 cannot be found.',
      executionId: 'e-1',
    };
    const topics =
      name === 'json' ? [`${response}/rejected`, `${response}/rejected/json`] : [`${response}/rejected/cbor`];
    const messages = await told(`${response}/${name}`, write({ status: 'SUCCEEDED' }), `${response}/rejected/#`);
    // `a/#` does not match `a` on AWS.
    const heard = topics.filter((topic) => topic !== `${response}/rejected`);
    expect(messages).toEqual(heard.map((topic) => [topic, refusal]));
  });
});
