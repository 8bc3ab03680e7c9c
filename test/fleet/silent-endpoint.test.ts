/** What a fleet says of an endpoint that is no service of Jobs: which stage it does not come to. */
import { describe, expect, it } from 'vitest';
import { EndpointWatch } from '../../agent/endpoint-watch.ts';
import { runHere } from '../support/command-here.ts';
import { connect, endpointThat, endpointThatAnswers, subscribe } from '../support/silent-endpoint.ts';

const about = { at: 0, source: 'device', thingName: 'thing-1' } as const;
const request = { operation: 'DescribeJobExecution', jobId: '$next', body: {} } as const;

describe('what has not come', () => {
  it.each<[string, number, string | undefined]>([
    ['no connection', 0, undefined],
    ['a connection', 1, 'no SUBACK'],
    ['subscriptions', 2, undefined],
    ['requests', 3, 'no reply to DescribeJobExecution'],
    ['an answer', 4, undefined],
  ])('after %s', (_, stages, missing) => {
    let now = 5000;
    const watch = new EndpointWatch(() => now);
    const { observer } = watch;
    const all = [
      () => observer.connected?.({ ...about, kind: 'connected', sessionPresent: false }),
      () => observer.subscribed?.({ ...about, kind: 'subscribed', filters: [] }),
      () => observer.sent?.({ ...about, kind: 'sent', request, via: 'mqtt' }),
      () =>
        observer.received?.({
          ...about,
          kind: 'received',
          message: { kind: 'notification', name: 'NextJobExecutionChanged', payload: { timestamp: 0 }, bytes: 2 },
        }),
    ];
    for (const see of all.slice(0, stages)) see();
    now += 700;
    expect(watch.silence()).toEqual(missing === undefined ? undefined : { missing, ms: 700 });
  });
});

const fleet = (endpoint: string) =>
  runHere('fleet', '--endpoint', endpoint, '--things', '2', '--time-scale', '50', '--duration', '1100ms', '--quiet');

describe('jobrig fleet at an endpoint', () => {
  it.each([
    ['that acknowledges no subscription', [connect], 'no SUBACK'],
    ['that answers no request', [connect, subscribe], 'no reply to DescribeJobExecution'],
  ] as const)('%s says what is missing, and fails', async (_, answers, missing) => {
    const endpoint = await endpointThatAnswers(answers);
    const { code, stdout, stderr } = await fleet(endpoint);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^jobrig: [^\n]+\n$/);
    expect(stderr).toContain(`${endpoint} takes connections, but has answered no request for 1 s (${missing})`);
  });

  it('that speaks another protocol says so', async () => {
    const endpoint = await endpointThat((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { code, stderr } = await fleet(endpoint);
    expect(code).toBe(2);
    expect(stderr).toContain(`No device can connect to ${endpoint}: what it answers is not MQTT`);
  });

  it('that refuses subscriptions says which', async () => {
    const endpoint = await endpointThat((socket, bytes) => {
      if (bytes[0]! >> 4 === connect) socket.write(Buffer.from([0x20, 2, 0, 0]));
      else if (bytes[0]! >> 4 === subscribe) {
        const filters = bytes.toString('latin1').split('$aws').length - 1;
        socket.write(Buffer.from([0x90, 2 + filters, bytes[2]!, bytes[3]!, ...Array<number>(filters).fill(0x80)]));
      }
    });
    const { code, stderr } = await fleet(endpoint);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^jobrig: [12] of 2 devices are not connected \(last, thing-\d may not subscribe to \$aws/);
  });
});
