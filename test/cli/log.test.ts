/** What `jobrig serve` tells on stderr: words for each event, and how repeated lines are counted. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LogLine, lineOfEvent, lineOfObservation } from '../../cli/log-lines.ts';
import { RepeatedLines } from '../../cli/repeated-lines.ts';
import { printable } from '../../cli/printable.ts';

const client = {
  clientId: 'pump',
  protocol: 'MQTT 3.1.1',
  cleanSession: true,
  keepAliveSeconds: 60,
  hasWill: false,
  proof: 'none',
} as const;

const connected = {
  kind: 'connected',
  clientId: 'pump',
  protocolVersion: 4,
  sessionPresent: false,
  client,
} as const;

const lineOf = (text: string, kind = text): LogLine => ({ level: 'info', kind, text, fields: {} });

describe('a line says', () => {
  it.each([
    [{ ...connected, principal: '?', identity: 'first-thing' }, 'without a proof: is the first thing that it will'],
    [{ ...connected, principal: '*', identity: 'open' }, 'may act for every thing'],
    [{ ...connected, principal: 'pump', identity: 'client-id' }, 'is the thing of that name'],
    [{ ...connected, principal: 'lamp', identity: 'username' }, 'is thing lamp'],
    [{ ...connected, principal: '', identity: 'client-id' }, 'is no thing'],
    [
      { ...connected, principal: 'lamp', identity: 'certificate', client: { ...client, proof: 'certificate' } },
      'with a certificate: is thing lamp',
    ],
    [{ ...connected, principal: 'pump', identity: 'client-id', sessionPresent: true }, 'goes on with its session'],
  ] as const)('who connected with what proof, and what it may: %#', (event, words) => {
    expect(lineOfEvent(event)).toMatchObject({ level: 'info', text: expect.stringContaining(words) as string });
  });

  it.each([
    [{ kind: 'identified', clientId: 'a', thingName: 'pump' }, 'info', 'a is thing pump'],
    [{ kind: 'subscribed', clientId: 'a', filters: [{ filter: 'x', qos: 0 }] }, 'info', 'a listens to x'],
    [{ kind: 'unsubscribed', clientId: 'a', filters: ['x'] }, 'debug', 'a no longer listens to x'],
    [{ kind: 'refused', reason: 'notAuthorized', message: 'why', advice: 'Do.' }, 'warn', 'A client: why. Do.'],
    [
      { kind: 'subscription-denied', clientId: 'a', filter: 'f', closes: true, reason: 'notAuthorized', message: 'm' },
      'warn',
      'a may not subscribe to f, and is disconnected: m',
    ],
    [
      { kind: 'publish-refused', clientId: 'a', topic: 't', reason: 'notAuthorized', message: 'm', advice: 'Do.' },
      'warn',
      'a may not publish on t, and is disconnected: Do.',
    ],
    [{ kind: 'malformed-json', clientId: 'a', topic: 't', message: 'm' }, 'warn', 'a sent malformed JSON on t'],
    [{ kind: 'disconnected', clientId: 'a', how: 'lost' }, 'info', 'a is gone without a goodbye'],
    [{ kind: 'disconnected', clientId: 'a', how: 'taken-over' }, 'warn', 'another client of the same client id'],
    [{ kind: 'disconnected', clientId: 'a', how: 'cut-off', message: 'keep alive timeout' }, 'warn', 'keep alive'],
    [{ kind: 'not-answered', feature: 'rules', clientId: 'a', topic: 't' }, 'warn', 'accepted and dropped'],
    [{ kind: 'out-of-descriptors', connections: 5 }, 'warn', 'ulimit -n'],
    [{ kind: 'forgotten', what: 'session', key: 'a' }, 'warn', 'session a is damaged'],
    [{ kind: 'dropped', what: 'queued message', clientId: 'a' }, 'warn', 'No room for a message: a'],
    [
      { kind: 'called', plane: 'iot', operation: 'DeleteJob', jobId: 'j', force: true, startedAt: 0, status: 200 },
      'info',
      'Operator: DeleteJob j by force',
    ],
    [
      { kind: 'called', plane: 'iot', operation: 'DescribeJob', jobId: 'j', startedAt: 0, status: 200 },
      'debug',
      'DescribeJob',
    ],
    [
      {
        kind: 'called',
        plane: 'iot',
        operation: 'DescribeJob',
        startedAt: 0,
        status: 404,
        error: { exception: 'E', message: 'm' },
      },
      'warn',
      'was refused: E: m',
    ],
    [
      { kind: 'request-refused', method: 'GET', path: '/x', status: 404, exception: 'E', message: 'm' },
      'warn',
      'GET /x was refused with 404 E: m',
    ],
    [{ kind: 'request-failed', method: 'GET', path: '/x', stack: 'at y' }, 'error', 'a bug of jobrig: at y'],
    [
      { kind: 'connection-failed', clientId: 'a', stack: 'at y' },
      'error',
      'a was disconnected by a bug of jobrig: at y',
    ],
  ] as const)('what happened, and what to do: %#', (event, level, words) => {
    expect(lineOfEvent(event as never)).toMatchObject({ level, text: expect.stringContaining(words) as string });
  });

  it('what becomes of jobs and executions', () => {
    const seen = { at: 0, source: 'service', by: 'operator' } as const;
    const execution = { jobId: 'j', executionNumber: 1, queuedAt: 0 };
    const lines = [
      lineOfObservation({ ...seen, kind: 'job', jobId: 'j', status: 'IN_PROGRESS' }),
      lineOfObservation({ ...seen, kind: 'execution', thingName: 't', execution, status: 'QUEUED', versionNumber: 1 }),
      lineOfObservation({
        ...seen,
        kind: 'execution',
        thingName: 't',
        execution,
        status: 'IN_PROGRESS',
        versionNumber: 3,
      }),
      lineOfObservation({
        ...seen,
        kind: 'execution',
        thingName: 't',
        execution,
        status: 'DELETED',
        versionNumber: 3,
        force: true,
      }),
    ];
    expect(lines.map((line) => [line?.level, line?.text])).toEqual([
      ['info', 'Job j is IN_PROGRESS'],
      ['info', 't: job j, execution 1 is QUEUED'],
      ['debug', 't: job j, execution 1 is IN_PROGRESS'],
      ['info', 't: job j, execution 1 is gone, deleted by force'],
    ]);
  });
});

describe('repeated lines', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are written a few times and then counted, for half a minute', () => {
    const written: string[] = [];
    const repeated = new RepeatedLines(({ text }) => written.push(text));
    for (let times = 0; times < 50; times += 1) repeated.take(lineOf('a'));
    repeated.take(lineOf('b'));
    vi.advanceTimersByTime(30_000);
    expect(written).toEqual(['a', 'a', 'a', 'b', '47 more like this: a']);
    repeated.take(lineOf('a'));
    expect(written.at(-1)).toBe('a');
  });

  it('of one kind are counted where very many come in a second', () => {
    const written: string[] = [];
    const repeated = new RepeatedLines(({ text }) => written.push(text));
    for (let index = 0; index < 1000; index += 1) repeated.take(lineOf(`${index} connected`, 'connected'));
    vi.advanceTimersByTime(1000);
    expect(written).toHaveLength(11);
    expect(written.at(-1)).toBe('990 more like this; the last: 999 connected');
  });

  it('are not lost at the end', () => {
    const written: string[] = [];
    const repeated = new RepeatedLines(({ text }) => written.push(text));
    for (let times = 0; times < 5; times += 1) repeated.take(lineOf('a'));
    repeated.finish();
    expect(written.at(-1)).toBe('2 more like this: a');
  });
});

describe('what clients call themselves', () => {
  it.each([
    ['a\u001b[2Jb', 'a?[2Jb'],
    ['pump\n12:00:00 operator connected', 'pump?12:00:00 operator connected'],
    ['pump\r\nx', 'pump??x'],
    ['a\u0085b\u2028c', 'a?b?c'],
    ['a\u202egnp\u2066', 'a?gnp?'],
    ['Pümpe 泵 😀', 'Pümpe 泵 😀'],
    ['Error: x\n    at file.js:1:2', 'Error: x\n    at file.js:1:2'],
  ])('steers no terminal and begins no line: %j', (text, printed) => {
    expect(printable(text)).toBe(printed);
  });
});
