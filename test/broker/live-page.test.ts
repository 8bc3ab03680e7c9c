/**
 * The live page over HTTP, without a browser: who may open it and act, what a feed tells, and that one which is not read costs
 * no memory. What a person sees is in test/browser.
 */
import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, type ServerResponse, get } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActionOutcome, Delta, Frame, PageAction, Snapshot } from '../../broker/live/contract.ts';
import { LiveFeed } from '../../broker/live/live-feed.ts';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import { endAfterTest } from '../support/after-test.ts';
import { type RawResponse, rawHttp } from '../support/raw-http.ts';
import { ask } from '../support/live-page.ts';

const quiet = { mqttsPort: 'off', wsPort: 'off', wssPort: 'off', httpsPort: 'off' } as const;
const targets = ['arn:aws:iot:us-east-1:000000000000:thing/T'];

let service: Service;
let port: number;

function use(one: Service): void {
  service = one;
  port = Number(new URL(one.httpUrl!).port);
}

/** A service of the test's own. */
async function start(options: ServiceOptions = {}): Promise<void> {
  const own = await startService({ ...quiet, keepsPage: true, ...options });
  endAfterTest(() => own.close());
  use(own);
}

/** For tests that leave nothing behind which others see. */
let shared: Service;
beforeAll(async () => {
  shared = await startService({ ...quiet, keepsPage: true });
});
beforeEach(() => use(shared));
afterAll(() => shared.close());

const frameMs = 100;

/** What the feed writes to; full as long as the test wants. */
class SlowResponse extends EventEmitter {
  readonly written: string[] = [];
  isFull = false;

  write(text: string): boolean {
    this.written.push(text);
    return !this.isFull;
  }

  destroy(): void {}

  kinds(): readonly unknown[] {
    return this.written.map((text) => (JSON.parse(text.slice('data: '.length)) as Frame).kind);
  }
}

function feedOfItsOwn(): LiveFeed {
  const made = new LiveFeed({
    now: () => 0,
    observe: () => () => {},
    rows: () => [],
    isThing: () => true,
    keeps: true,
  });
  made.present({ verb: 'serve', about: '', things: ['T'] });
  return made;
}

function movedIn(frames: readonly Frame[]): Delta['moved'] {
  return frames.flatMap((frame) => (frame.kind === 'delta' && frame.moved ? [frame.moved] : []))[0];
}

/** A browser's side of the feed. */
class Reader {
  readonly frames: Frame[] = [];
  readonly response: IncomingMessage;
  #text = '';
  #changed: (() => void)[] = [];

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#take(chunk));
    response.on('close', () => this.#tell());
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const events = this.#text.split('\n\n');
    this.#text = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith('data: ')) this.frames.push(JSON.parse(event.slice('data: '.length)) as Frame);
    }
    this.#tell();
  }

  #tell(): void {
    for (const told of this.#changed.splice(0)) told();
  }

  async until<Found>(find: (frames: readonly Frame[]) => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find(this.frames);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  snapshot(): Promise<Snapshot> {
    return this.until((frames) => frames.find((frame) => frame.kind === 'snapshot'));
  }
}

async function feed(query = ''): Promise<Reader> {
  const asked = get({ host: '127.0.0.1', port, path: `/page/feed${query}`, agent: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return new Reader(response);
}

async function tokenOf(path = '/'): Promise<string> {
  const { text } = await rawHttp(port, { path });
  return /name="jobrig-token" content="([^"]+)"/.exec(text)?.[1] ?? '';
}

function post(path: string, content: object, headers: Readonly<Record<string, string>> = {}): Promise<RawResponse> {
  return rawHttp(port, { method: 'POST', path, headers, body: JSON.stringify(content) });
}

async function act(action: PageAction | object): Promise<ActionOutcome> {
  const response = await post('/page/actions', action, { 'x-jobrig-page': await tokenOf() });
  return response.json() as unknown as ActionOutcome;
}

describe('who may', () => {
  it('shows the page with a policy that names its script and its style, and nothing from elsewhere', async () => {
    const { headers, text } = await rawHttp(port, { path: '/' });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/script-src 'sha256-[^']+'/);
    expect(policy).toMatch(/style-src 'sha256-[^']+'/);
    expect(policy).not.toContain('unsafe');
    expect(text.replace(/<script type="module">[^]*<\/script>/, '')).not.toMatch(/(?:src|href)="(?!data:)[^"]/);
  });

  it('stays under 120 KB as it is sent', async () => {
    const { headers } = await rawHttp(port, { path: '/', headers: { 'accept-encoding': 'gzip' } });
    expect(headers['content-encoding']).toBe('gzip');
    expect(Number(headers['content-length'])).toBeLessThan(120 * 1024);
  });

  it.each([
    ['no token', {}],
    ['another token', { 'x-jobrig-page': 'x'.repeat(43) }],
  ])('refuses an action with %s', async (_, headers) => {
    await ask(service, { name: 'iot:CreateThing', request: { thingName: 'T' } });
    const response = await post('/page/actions', { do: 'create-job', jobId: 'J', document: '{}' }, headers);
    expect(response.status).toBe(403);
    await expect(ask(service, { name: 'iot:DescribeJob', request: { jobId: 'J' } })).rejects.toThrow();
  });

  it.each(['/page/actions', '/page/feed', '/page/look', '/page/documents', '/'])(
    'refuses a page of another origin, even one that knows the token: %s',
    async (path) => {
      const headers = { origin: 'https://evil.example', 'x-jobrig-page': await tokenOf() };
      const method = path.endsWith('s') || path.endsWith('look') ? 'POST' : 'GET';
      expect((await rawHttp(port, { method, path, headers })).status).toBe(403);
    },
  );

  it('where callers must prove who they are, opens for the key in its address alone', async () => {
    await start({ accessKeys: { AKIDEXAMPLE: 'secret' } });
    expect(await tokenOf()).toBe('');
    expect((await rawHttp(port, { path: '/page/feed' })).status).toBe(403);
    const { pathname, search } = new URL(service.pageUrl!);
    expect(search).toMatch(/^\?key=[\w-]{43}$/);
    expect(await tokenOf(`${pathname}${search}`)).not.toBe('');
    const reader = await feed(search);
    expect((await reader.snapshot()).kind).toBe('snapshot');
    reader.response.destroy();
  });
});

describe('the feed', () => {
  beforeEach(() => start());

  it('begins with all that there is, goes on with what changes, and tells every page the same', async () => {
    await ask(service, { name: 'iot:CreateThing', request: { thingName: 'T' } });
    await ask(service, { name: 'iot:CreateJob', request: { jobId: 'J', document: '{}', targets } });
    const [one, other] = [await feed(), await feed('?thing=T')];
    for (const reader of [one, other]) expect((await reader.snapshot()).names).toEqual(['T']);
    expect((await other.snapshot()).device?.queue).toMatchObject([{ jobId: 'J', status: 'QUEUED', versionNumber: 1 }]);
    await ask(service, { name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName: 'T' } });
    expect(await one.until(movedIn)).toEqual(await other.until(movedIn));
    one.response.destroy();
    other.response.destroy();
  });

  it('leaves out a page that does not read, whatever happens, and tells it everything anew when it has', () => {
    vi.useFakeTimers();
    try {
      const response = new SlowResponse();
      const slow = feedOfItsOwn();
      expect(slow.join(response as unknown as ServerResponse, 'T')).toBe(true);
      vi.advanceTimersByTime(frameMs);
      expect(response.kinds()).toEqual(['snapshot']);
      response.isFull = true;
      slow.narrate('one more, which fills it');
      vi.advanceTimersByTime(frameMs);
      expect(response.kinds()).toEqual(['snapshot', 'delta']);
      for (let frame = 0; frame < 1000; frame += 1) {
        slow.judged('T', frame % 2 === 0, 'because');
        vi.advanceTimersByTime(frameMs);
      }
      expect(response.written).toHaveLength(2);
      response.isFull = false;
      response.emit('drain');
      vi.advanceTimersByTime(frameMs);
      expect(response.kinds()).toEqual(['snapshot', 'delta', 'snapshot']);
      slow.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('says nothing twice, and at most ten times a second', () => {
    vi.useFakeTimers();
    try {
      const response = new SlowResponse();
      const own = feedOfItsOwn();
      own.join(response as unknown as ServerResponse, undefined);
      for (let millisecond = 0; millisecond < 1000; millisecond += 1) {
        own.judged('T', millisecond % 2 === 0, 'because');
        vi.advanceTimersByTime(1);
      }
      expect(response.written.length).toBeLessThanOrEqual(10);
      own.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends when the service ends', async () => {
    const reader = await feed();
    await reader.snapshot();
    const closed = new Promise<void>((resolve) => reader.response.on('error', () => {}).on('close', () => resolve()));
    await service.close();
    await closed;
  });

  it('watches nothing while nobody looks and nothing is to be kept', async () => {
    await start({ keepsPage: false });
    await ask(service, { name: 'iot:CreateThing', request: { thingName: 'T' } });
    await ask(service, { name: 'iot:CreateJob', request: { jobId: 'J', document: '{}', targets } });
    const reader = await feed('?thing=T');
    // What was there before anybody looked is shown all the same.
    expect(await reader.snapshot()).toMatchObject({ names: ['T'], device: { queue: [{ jobId: 'J' }], told: [] } });
    reader.response.destroy();
  });
});

describe('actions that cannot be done', () => {
  it.each([
    [{ do: 'pull', target: { things: ['nobody'] } }, 'nobody has no job'],
    [{ do: 'pull', target: { job: 'nothing' } }, /nothing/],
    [{ do: 'cancel', target: { job: 'nothing' } }, /nothing/],
    [{ do: 'create-job', jobId: 'bad id', document: '{}', things: ['T'] }, /jobId/],
    [{ do: 'create-job', jobId: 'J', document: '{}' }, 'No device is connected'],
    [{ do: 'power-cut', things: ['T'], forMs: 1 }, /not in the hand of this rig/],
    [{ do: 'drop-link', things: ['T'], forMs: 1 }, /not in the hand of this rig/],
    [{ do: 'speed', factor: 2 }, /cannot be changed/],
    [{ do: 'speed', factor: -1 }, /0 to 1000/],
    [{ do: 'start' }, /nothing to start/],
    [{ do: 'explode' }, 'There is no such action'],
    [{ do: 'pull' }, 'It is not said of whom'],
    [{ do: 'pull', target: { things: [1] } }, 'It is not said of whom'],
    [{}, 'There is no such action'],
  ])('what cannot be done says why: %j', async (action, text) => {
    expect(await act(action)).toEqual({ ok: false, text: expect.stringMatching(text) as string });
  });
});

describe('actions of a page', () => {
  beforeEach(() => start());

  it.each(['power-cut', 'drop-link'] as const)('%s strikes those that are there, and says who is not', async (what) => {
    const struck: string[] = [];
    const strike = (things: readonly string[]): void => void struck.push(...things);
    service.page.present({ verb: 'demo', about: '', things: ['T', 'U'], powerCut: strike, dropLink: strike });
    const done = (things: readonly string[]) => act({ do: what, things, forMs: 1 });
    expect(await done(['nobody'])).toEqual({ ok: false, text: 'nobody is not there' });
    expect(struck).toEqual([]);
    expect(await done(['T', 'nobody', 'U'])).toEqual({
      ok: true,
      text: expect.stringMatching(/: 2 devices of 3; nobody is not there$/) as string,
    });
    expect(struck).toEqual(['T', 'U']);
  });

  it('what ended between a look and a click is refused in words, and nothing else is done', async () => {
    const things = ['T', 'U'];
    await act({ do: 'create-job', jobId: 'J', document: '{}', things });
    const end = (request: { readonly jobId: string; readonly force: true }) =>
      ask(service, { name: 'iot:DeleteJob', request });
    await end({ jobId: 'J', force: true });
    expect(await act({ do: 'pull', target: { job: 'J' } })).toMatchObject({
      ok: false,
      text: expect.stringMatching(/J/) as string,
    });
    expect(await act({ do: 'cancel', target: { job: 'J' } })).toMatchObject({ ok: false });
    for (const what of ['pull', 'cancel'] as const) {
      expect(await act({ do: what, target: { things } })).toEqual({ ok: false, text: 'T has no job' });
    }
    await act({ do: 'create-job', jobId: 'K', document: '{}', things: ['T'] });
    expect(await act({ do: 'pull', target: { things } })).toEqual({
      ok: true,
      text: 'The job is pulled: 1 of 2 devices; U has no job',
    });
    expect(await act({ do: 'create-job', jobId: 'K', document: '{}', things: ['U'] })).toMatchObject({ ok: false });
    await ask(service, { name: 'iot:DeleteThing', request: { thingName: 'U' } });
    expect(await act({ do: 'pull', target: { things: ['U'] } })).toMatchObject({ ok: false });
  });

  it('a page that looks at a device, or from a place, that is not there hears so', async () => {
    const token = await tokenOf();
    const look = (viewer: unknown, thing: unknown) => post('/page/look', { viewer, thing }, { 'x-jobrig-page': token });
    for (const viewer of [99, -1, 'x', null, undefined]) expect((await look(viewer, 'T')).status).toBe(410);
    const reader = await feed('?thing=nobody');
    const { viewer, device } = await reader.snapshot();
    expect(device).toBeUndefined();
    for (const thing of ['nobody', undefined, 7]) expect((await look(viewer, thing)).status).toBe(200);
    reader.response.destroy();
  });

  it('a job is created, throttled, pulled from one device and cancelled for all, as the REST API would', async () => {
    expect(await act({ do: 'create-job', jobId: 'J', document: '{}', things: ['T'] })).toMatchObject({ ok: true });
    await ask(service, { name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName: 'T' } });
    expect(await act({ do: 'throttle', forMs: 60_000 })).toMatchObject({ ok: true });
    const refused = await rawHttp(port, { path: '/jobs-data/things/T/jobs' });
    expect([refused.status, refused.headers['x-amzn-errortype']]).toEqual([429, 'ThrottlingException']);
    expect(await act({ do: 'pull', target: { things: ['T'] } })).toMatchObject({ ok: true });
    const gone = ask(service, { name: 'iot:DescribeJobExecution', request: { jobId: 'J', thingName: 'T' } });
    await expect(gone).rejects.toThrow();
    expect(await act({ do: 'create-job', jobId: 'K', document: '{}', things: ['T'] })).toMatchObject({ ok: true });
    expect(await act({ do: 'cancel', target: { job: 'K' } })).toMatchObject({ ok: true });
  });

  it('a job for more things than a job may name is pulled as a whole, whichever of its parts is named', async () => {
    const things = Array.from({ length: 201 }, (_, index) => `many-${index}`);
    expect(await act({ do: 'create-job', jobId: 'W', document: '{}', things })).toEqual({
      ok: true,
      text: expect.stringContaining('W-1 to -3') as string,
    });
    expect(await act({ do: 'pull', target: { job: 'W-2' } })).toEqual({
      ok: true,
      text: '3 of the 3 jobs W-1 to W-3 are deleted by force',
    });
    for (const jobId of ['W-1', 'W-2', 'W-3']) {
      const gone = ask(service, { name: 'iot:DescribeJobExecution', request: { jobId, thingName: 'many-0' } });
      await expect(gone).rejects.toThrow();
    }
  });
});
