/**
 * An engine that ends between keeping a change and telling of it: the next one tells those again who may have missed it, and nobody
 * else. The devices here ask for nothing: they hear of it or they do not.
 */
import { type MqttClient, connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { scaledClock } from '../../broker/clock.ts';
import type { CommandOf, OperationName } from '../../broker/engine/contract.ts';
import { createEngine } from '../../broker/engine/engine.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { holdingJournal } from '../../broker/holding-journal.ts';
import { createJournal } from '../../broker/journal.ts';
import { type DoorEnd, createDoorEnd } from '../../broker/link/door-end.ts';
import { createEngineEnd } from '../../broker/link/engine-end.ts';
import { openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { writtenBy } from '../../broker/processes/linked-engine.ts';
import { createRuntime } from '../../broker/runtime.ts';
import { isSessionTable } from '../../broker/store/store.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';
import { MemoryStore } from '../support/memory-store.ts';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Ask = <Name extends OperationName>(name: Name, request: CommandOf<Name>['request']) => Promise<void>;

interface Life {
  readonly ask: Ask;
  /** The engine ends at the moment when something is kept of which nobody has been told. */
  dieBeforeTelling(): void;
}

/** One store, one door with a listener, and engines one after the other. */
class Bench {
  readonly #store = new MemoryStore();
  readonly door: DoorEnd = createDoorEnd(0, scaledClock);
  #epoch = 0;
  #url = '';

  /** Engines of several machines have epochs. */
  async engine(): Promise<Life> {
    const clock = scaledClock();
    const journal = holdingJournal(createJournal(this.#store, clock, fail));
    const all = [...this.#store.rows()];
    const engine = createEngine({
      identity: { region: 'us-east-1', account: '000000000000' },
      rows: all.filter(({ table }) => !isSessionTable(table)) as never,
    });
    const port = createRuntime({ engine, clock, journal });
    const [near, far] = duplexPair();
    let dies = false;
    // Told before the link is.
    port.onEffect(() => dies && far.destroy());
    const things = all.filter(({ table }) => table === 'thing').map(({ key }) => key);
    const end = createEngineEnd({
      port,
      doors: 1,
      timeScale: 1,
      epoch: (this.#epoch += 1),
      ...writtenBy(port),
      things: { names: () => things, onChange: () => () => {} },
      sessions: { journal, rows: all.filter(({ table }) => isSessionTable(table)) as never, forms: 'every form' },
    });
    closers.push(() => end.close());
    end.accept(far);
    await this.door.attach(near);
    if (this.#url === '') await this.#open();
    return { ask: askOf(port), dieBeforeTelling: () => void (dies = true) };
  }

  async #open(): Promise<void> {
    const { port, sessionStore, passage } = this.door;
    const mqtt = await openMqttDoor({
      port,
      listeners: { tcp: 0 },
      identity: 'open',
      passage,
      ...(sessionStore && { sessionStore }),
    });
    closers.push(() => mqtt.close());
    this.#url = `mqtt://127.0.0.1:${mqtt.ports.tcp}`;
  }

  async client(clientId: string, filters: readonly string[], options: object = {}): Promise<Listener> {
    const client = await connectAsync(this.#url, { clientId, reconnectPeriod: 0, ...options });
    closers.push(() => client.endAsync(true));
    const listener = new Listener(client);
    for (const filter of filters) await client.subscribeAsync(filter, { qos: 1 });
    return listener;
  }
}

function fail(error: unknown): never {
  throw error;
}

function askOf(port: ServicePort): Ask {
  return (name, request) =>
    new Promise((resolve, reject) => {
      port.submit({ name, request } as never, (reply) => {
        if (reply.accepted) resolve();
        else reject(new Error(`${name}: ${reply.code}`));
      });
    });
}

/** What one client was told, in a few words for each message. */
class Listener {
  readonly client: MqttClient;
  readonly heard: string[] = [];
  #wanted: { readonly text: string; readonly found: () => void } | undefined;

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload) => {
      this.heard.push(`${topic.slice(topic.lastIndexOf('/jobs/') + '/jobs/'.length)} ${pendingOf(payload.toString())}`);
      if (this.#wanted !== undefined && this.heard.at(-1) === this.#wanted.text) this.#wanted.found();
    });
  }

  until(text: string): Promise<void> {
    return new Promise((found) => {
      this.#wanted = { text, found };
      if (this.heard.includes(text)) found();
    });
  }
}

function pendingOf(payload: string): string {
  const { execution, jobs = {} } = JSON.parse(payload) as {
    readonly execution?: { readonly jobId?: string };
    readonly jobs?: Readonly<Record<string, readonly { readonly jobId: string }[]>>;
  };
  if (payload.includes('"jobs"'))
    return (
      Object.values(jobs)
        .flatMap((those) => those.map(({ jobId }) => jobId))
        .join(',') || '-'
    );
  return execution?.jobId ?? '-';
}

const arn = (thing: string): string => `arn:aws:iot:us-east-1:000000000000:thing/${thing}`;
const jobs = '$aws/things/pump/jobs/';
const plain = [`${jobs}notify`, `${jobs}notify-next`];
const inNamespace = [`${jobs}notify-namespace-ns`, `${jobs}notify-next-namespace-ns`];

async function job(ask: Ask, jobId: string, thing = 'pump', namespaceId?: string): Promise<void> {
  const namespace = namespaceId === undefined ? {} : { namespaceId };
  await ask('iot:CreateJob', { jobId, targets: [arn(thing)], document: '{}', ...namespace } as never);
}

interface Case {
  /** What happens before the device is there, and while it is. */
  readonly before?: (ask: Ask) => Promise<void>;
  readonly first?: (ask: Ask) => Promise<void>;
  readonly lost: (ask: Ask) => Promise<void>;
  readonly filters: readonly string[];
  readonly told: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  'a first job': { lost: (ask) => job(ask, 'a'), filters: plain, told: ['notify a', 'notify-next a'] },
  'a job behind one that it knows': {
    first: (ask) => job(ask, 'a'),
    lost: (ask) => job(ask, 'b'),
    filters: plain,
    told: ['notify a', 'notify-next a', 'notify a,b'],
  },
  'the job that it does, which is deleted': {
    first: (ask) => job(ask, 'a'),
    lost: (ask) => ask('iot:DeleteJob', { jobId: 'a', force: true }),
    filters: plain,
    told: ['notify a', 'notify-next a', 'notify -', 'notify-next -'],
  },
  'the execution that it does, which is deleted, and another is next': {
    async before(ask) {
      await job(ask, 'a');
      await job(ask, 'b');
    },
    lost: (ask) => ask('iot:DeleteJobExecution', { jobId: 'a', thingName: 'pump', executionNumber: 1, force: true }),
    filters: plain,
    told: ['notify b', 'notify-next b'],
  },
  'a job that is canceled': {
    before: (ask) => job(ask, 'a'),
    lost: (ask) => ask('iot:CancelJob', { jobId: 'a' }),
    filters: plain,
    told: ['notify -', 'notify-next -'],
  },
  'a job of a namespace': {
    lost: (ask) => job(ask, 'a', 'pump', 'ns'),
    filters: inNamespace,
    told: ['notify-namespace-ns a', 'notify-next-namespace-ns a'],
  },
  'the job of a namespace, which is deleted': {
    first: (ask) => job(ask, 'a', 'pump', 'ns'),
    lost: (ask) => ask('iot:DeleteJob', { jobId: 'a', force: true, namespaceId: 'ns' } as never),
    filters: inNamespace,
    told: [
      'notify-namespace-ns a',
      'notify-next-namespace-ns a',
      'notify-namespace-ns -',
      'notify-next-namespace-ns -',
    ],
  },
  'a job, to whoever hears of all things': {
    lost: (ask) => job(ask, 'a'),
    filters: ['$aws/things/+/jobs/notify-next'],
    told: ['notify-next a'],
  },
};

describe('an engine that ends between keeping something and telling of it', () => {
  it.each(Object.entries(cases))(
    'is followed by one that tells of %s',
    async (_name, { before, first, lost, filters, told }) => {
      const bench = new Bench();
      const { ask, dieBeforeTelling } = await bench.engine();
      for (const thingName of ['pump', 'other']) await ask('iot:CreateThing', { thingName });
      await job(ask, 'others', 'other');
      await before?.(ask);
      const device = await bench.client('device', filters);
      const other = await bench.client('other', [`$aws/things/other/jobs/notify-next`]);
      if (first !== undefined) {
        await first(ask);
        await device.until(told[filters.length - 1]!);
      }
      dieBeforeTelling();
      await lost(ask);
      await bench.door.ended();
      const next = await bench.engine();
      await device.until(told.at(-1)!);
      expect(device.heard).toEqual(told);
      // What both knew was told to nobody again: the next thing that they hear is new.
      await job(next.ask, 'end', 'other');
      await next.ask('iot:DeleteJob', { jobId: 'others', force: true });
      await other.until('notify-next end');
      expect(other.heard).toEqual(['notify-next end']);
    },
  );

  it('is followed by one that tells a client which sleeps, when it comes back', async () => {
    const bench = new Bench();
    const { ask, dieBeforeTelling } = await bench.engine();
    await ask('iot:CreateThing', { thingName: 'pump' });
    const sleeper = await bench.client('sleeper', [`${jobs}notify-next`], { clean: false });
    await sleeper.client.endAsync();
    dieBeforeTelling();
    await job(ask, 'a');
    await bench.door.ended();
    await bench.engine();
    const awake = await bench.client('sleeper', [], { clean: false });
    await awake.until('notify-next a');
  });
});
