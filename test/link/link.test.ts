/** Several doors, one engine: what each door's clients see is what they would see with one door. */
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../broker/engine/engine.ts';
import { createJournal } from '../../broker/journal.ts';
import { holdingJournal } from '../../broker/holding-journal.ts';
import { type DoorEndOptions, createDoorEnd } from '../../broker/link/door-end.ts';
import { type EngineEndOptions, createEngineEnd } from '../../broker/link/engine-end.ts';
import { allDoors, doorOf } from '../../broker/link/owner.ts';
import type { MqttDoorEvent } from '../../broker/mqtt/door-events.ts';
import { type MqttDoor, openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { createRuntime } from '../../broker/runtime.ts';
import { Inflow } from '../../broker/net/inflow.ts';
import type { RowChange } from '../../broker/store/store.ts';
import { scaledClock } from '../../broker/clock.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';
import { writtenBy } from '../../broker/processes/linked-engine.ts';
import { type Linked, linked } from '../support/linked.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { createRecordingPort } from '../support/recording-port.ts';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Bench extends Linked {
  readonly port: ServicePort;
  readonly mqtt: readonly MqttDoor[];
  /** Every commit, as its rows. */
  readonly commits: readonly (readonly RowChange[])[];
  client(door: number, clientId: string, options?: object): Promise<MqttClient>;
}

/** An engine with a store in memory, and MQTT doors on links. */
async function bench(count = 2): Promise<Bench> {
  const store = new MemoryStore();
  const commits: (readonly RowChange[])[] = [];
  const clock = scaledClock();
  const keeping = { ...spied(store, commits), rows: store.rows.bind(store) };
  const inner = createJournal(keeping, clock, (error) => {
    throw error;
  });
  const journal = holdingJournal(inner);
  const engine = createEngine({ identity: { region: 'us-east-1', account: '000000000000' } });
  const port = createRuntime({ engine, clock, journal });
  const link = await linked(port, { doors: count, sessions: { journal, rows: [], forms: 'every form' } });
  const mqtt: MqttDoor[] = [];
  for (const { port: own, sessionStore: sessions, passage } of link.doors) {
    const door = await openMqttDoor({
      port: own,
      listeners: { tcp: 0 },
      identity: 'open',
      passage,
      ...(sessions && { sessionStore: sessions }),
    });
    mqtt.push(door);
    closers.push(() => door.close());
  }
  return {
    ...link,
    port,
    mqtt,
    commits,
    async client(door, clientId, options = {}) {
      const url = `mqtt://127.0.0.1:${mqtt[door]!.ports.tcp}`;
      const client = await connectAsync(url, { clientId, reconnectPeriod: 0, ...options });
      closers.push(() => client.endAsync(true));
      return client;
    },
  };
}

function spied(store: MemoryStore, commits: (readonly RowChange[])[]) {
  return {
    name: store.name,
    lastCommitAt: undefined,
    commit(changes: readonly RowChange[], at: number) {
      commits.push(changes);
      store.commit(changes, at);
    },
    close() {},
  };
}

function nextMessage(client: MqttClient): Promise<readonly [topic: string, payload: string]> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload) => resolve([topic, payload.toString()]));
  });
}

function created(port: ServicePort, thingName: string): Promise<unknown> {
  return new Promise((resolve) => {
    port.submit({ name: 'iot:CreateThing', request: { thingName } }, resolve);
  });
}

function job(port: ServicePort, jobId: string, thingName: string): Promise<unknown> {
  const targets = [`arn:aws:iot:us-east-1:000000000000:thing/${thingName}`];
  return new Promise((resolve) => {
    port.submit({ name: 'iot:CreateJob', request: { jobId, targets, document: '{}' } } as never, resolve);
  });
}

describe('two doors', () => {
  it('let a client of one hear what a client of the other publishes, once', async () => {
    const { client } = await bench();
    const [near, far] = [await client(0, 'near'), await client(1, 'far')];
    const heard: string[] = [];
    far.on('message', (topic, payload) => void heard.push(`${topic} ${payload.toString()}`));
    await far.subscribeAsync('room/#', { qos: 1 });
    await far.subscribeAsync('end', { qos: 1 });
    await near.publishAsync('room/1', 'a', { qos: 1 });
    await near.publishAsync('room/2', 'b', { qos: 0 });
    const last = nextMessageOn(far, 'end');
    await near.publishAsync('end', 'c', { qos: 1 });
    await last;
    expect(heard).toEqual(['room/1 a', 'room/2 b', 'end c']);
  });

  it('keep a retained message for the clients of both', async () => {
    const { client } = await bench();
    const [near, far] = [await client(0, 'near'), await client(1, 'far')];
    await far.subscribeAsync('sign', { qos: 1 });
    const there = nextMessage(far);
    await near.publishAsync('state', 'on', { qos: 1, retain: true });
    await near.publishAsync('sign', '', { qos: 1 });
    await there;
    const kept = nextMessage(far);
    await far.subscribeAsync('state', { qos: 1 });
    expect(await kept).toEqual(['state', 'on']);
  });

  it('give a message of a shared subscription to one member in all', async () => {
    const { client } = await bench();
    const members = [await client(0, 'one'), await client(1, 'two'), await client(1, 'three')];
    const heard: string[] = [];
    for (const member of members) {
      member.on('message', (_topic, payload) => void heard.push(payload.toString()));
      await member.subscribeAsync('$share/crew/jobs/#', { qos: 1 });
    }
    const watcher = await client(1, 'watcher');
    await watcher.subscribeAsync('done', { qos: 1 });
    for (const number of [0, 1]) {
      const publisher = await client(number, `publisher-${number}`);
      for (const piece of ['a', 'b', 'c']) await publisher.publishAsync('jobs/x', `${number}${piece}`, { qos: 1 });
      const done = nextMessage(watcher);
      await publisher.publishAsync('done', '', { qos: 1 });
      await done;
    }
    expect([...heard].sort()).toEqual(['0a', '0b', '0c', '1a', '1b', '1c']);
  });

  it('both tell of the service, each to its own clients', async () => {
    const { client, port } = await bench();
    await created(port, 'pump-1');
    const [near, far] = [await client(0, 'near'), await client(1, 'far')];
    const told = [near, far].map((one) => nextMessageOn(one, '$aws/things/pump-1/jobs/notify-next'));
    for (const one of [near, far]) await one.subscribeAsync('$aws/things/pump-1/jobs/notify-next', { qos: 1 });
    await job(port, 'update', 'pump-1');
    for (const payload of await Promise.all(told)) expect(payload).toContain('"jobId":"update"');
  });

  it('are each told of the things whose clients they have, and of no other, from the moment of SUBACK', async () => {
    const { client, port, doors } = await bench();
    const heard = doors.map(({ port: own }) => {
      const things: string[] = [];
      own.onEffect((effect) => void (effect.kind === 'event' && things.push(effect.topic.split('/')[2]!)));
      return things;
    });
    for (const thing of ['pump-1', 'pump-2', 'pump-3']) await created(port, thing);
    const [near, far] = [await client(0, 'near'), await client(1, 'far')];
    for (const [one, thing] of [
      [near, 'pump-1'],
      [far, 'pump-2'],
    ] as const) {
      const told = nextMessageOn(one, `$aws/things/${thing}/jobs/notify`);
      await one.subscribeAsync(`$aws/things/${thing}/jobs/notify`, { qos: 1 });
      // Asked of the engine itself: what the link has not told it yet it does not know.
      for (const any of ['pump-1', 'pump-2', 'pump-3']) await job(port, `of-${thing}-${any}`, any);
      await told;
    }
    expect(heard.map((things) => [...new Set(things)])).toEqual([['pump-1'], ['pump-2']]);
    await near.unsubscribeAsync('$aws/things/pump-1/jobs/notify');
    heard[0]!.length = 0;
    await job(port, 'unheard', 'pump-1');
    await created(port, 'pump-4');
    const everything = nextMessageOn(near, '$aws/things/pump-4/jobs/notify');
    await near.subscribeAsync('$aws/things/+/jobs/notify', { qos: 1 });
    await job(port, 'last', 'pump-4');
    await everything;
    expect([...new Set(heard[0])]).toEqual(['pump-4']);
    expect([...new Set(heard[1])]).toEqual(['pump-2']);
  });

  it('keep what waits for a sleeping client in one commit with what it tells of', async () => {
    const { client, port, commits } = await bench();
    await created(port, 'pump-1');
    const sleeper = await client(1, 'sleeper', { clean: false });
    await sleeper.subscribeAsync('$aws/things/pump-1/jobs/notify-next', { qos: 1 });
    await sleeper.endAsync();
    await job(port, 'update', 'pump-1');
    const together = commits.find((rows) => rows.some(({ table }) => table === 'mqttMessage'));
    expect(together?.map(({ table }) => table)).toEqual(expect.arrayContaining(['mqttMessage', 'jobExecution']));
  });
});

describe('a link that breaks', () => {
  it('answers what was under way with an error, and goes on with what is asked later', async () => {
    const port = createRecordingPort();
    const silent: ServicePort = { ...port, submit() {} };
    let engine: ServicePort = silent;
    const changing: ServicePort = { ...port, submit: (command, answer) => engine.submit(command, answer) };
    const { doors, attach, broken } = await linked(changing);
    const door = doors[0]!;
    const ask = (): Promise<unknown> =>
      new Promise((resolve) => {
        door.port.submit({ name: 'iot:ListThings', request: {} }, resolve);
      });
    const answer = ask();
    broken(0);
    expect(await answer).toMatchObject({ accepted: false, code: 'InternalError' });
    engine = port;
    const later = ask();
    await attach(0);
    expect(await later).toEqual({ accepted: true });
  });
});

/** A client of a door whose engine is on a link, in front of this. */
async function devices(port: ServicePort) {
  const link = await linked(port);
  const events: MqttDoorEvent[] = [];
  const { port: own, passage } = link.doors[0]!;
  const door = await openMqttDoor({
    port: own,
    listeners: { tcp: 0 },
    identity: 'open',
    passage,
    onEvent: (event) => void events.push(event),
  });
  closers.push(() => door.close());
  const client = await connectAsync(`mqtt://127.0.0.1:${door.ports.tcp}`, { reconnectPeriod: 0 });
  closers.push(() => client.endAsync(true));
  return { ...link, events, client };
}

describe('a device on a link', () => {
  const topic = '$aws/things/pump-1/jobs/start-next';

  it('is told that its request was interrupted, with its token, when the link breaks', async () => {
    let isAsked: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    const silent: ServicePort = { ...createRecordingPort(), submit: () => isAsked?.() };
    const { client, broken } = await devices(silent);
    const told = nextMessage(client);
    await client.subscribeAsync(`${topic}/+`, { qos: 1 });
    void client.publishAsync(topic, '{"clientToken":"mine"}', { qos: 1 });
    await asked;
    broken(0);
    const [on, payload] = await told;
    expect([on, JSON.parse(payload)]).toMatchObject([
      `${topic}/rejected`,
      { code: 'InternalError', clientToken: 'mine', message: expect.stringContaining('may have been done') },
    ]);
  });

  it('is refused what is no JSON, which is told', async () => {
    const { client, events } = await devices(createRecordingPort());
    const told = nextMessage(client);
    await client.publishAsync(topic, '{"half":', { qos: 1 });
    expect(JSON.parse((await told)[1])).toMatchObject({ code: 'InvalidJson' });
    expect(events).toContainEqual({
      kind: 'malformed-json',
      clientId: expect.any(String),
      topic,
      message: 'The payload is not valid JSON.',
    });
  });
});

it('lets every door refuse devices, those too that come later', async () => {
  const { engineEnd, doors, throttled, attach, broken } = await linked(createRecordingPort(), { doors: 2 });
  const until = doors[0]!.port.now() + 60_000;
  engineEnd.throttle(until);
  const told = async (door: number): Promise<unknown> => {
    // Answers come behind what was said before.
    await new Promise((resolve) => {
      doors[door]!.port.submit({ name: 'iot:ListThings', request: {} }, resolve);
    });
    return throttled.get(door);
  };
  expect([await told(0), await told(1)]).toEqual([until, until]);
  broken(1);
  await attach(1);
  expect(await told(1)).toBe(until);
});

it('tells every door whether what clients ask is read, those too that come later; of an engine of before nothing is left', async () => {
  const inflow = new Inflow();
  const { doors, attach, broken } = await linked(createRecordingPort(), { doors: 2, inflow });
  const isHeld = async (door: number): Promise<boolean> => {
    await new Promise((resolve) => {
      doors[door]!.port.submit({ name: 'iot:ListThings', request: {} }, resolve);
    });
    return doors[door]!.inflow.isHeld;
  };
  inflow.hold(true);
  expect([await isHeld(0), await isHeld(1)]).toEqual([true, true]);
  broken(1);
  await doors[1]!.ended();
  await attach(1);
  expect(await isHeld(1)).toBe(true);
  broken(1);
  await doors[1]!.ended();
  inflow.hold(false);
  await attach(1);
  expect([await isHeld(0), await isHeld(1)]).toEqual([false, false]);
});

it('tells every door what is wanted of it, those too that come later, and an engine of before wants nothing any more', async () => {
  const { engineEnd, doors, wanted, attach, broken } = await linked(createRecordingPort(), { doors: 2 });
  const told = async (door: number): Promise<unknown> => {
    await new Promise((resolve) => {
      doors[door]!.port.submit({ name: 'iot:ListThings', request: {} }, resolve);
    });
    return wanted.get(door);
  };
  expect(await told(0)).toBeUndefined();
  engineEnd.want({ looked: ['A'] });
  expect([await told(0), await told(1)]).toEqual([{ looked: ['A'] }, { looked: ['A'] }]);
  broken(1);
  await attach(1);
  expect(await told(1)).toEqual({ looked: ['A'] });
  const other = await linked(createRecordingPort());
  const [near, far] = duplexPair();
  other.engineEnd.accept(far);
  broken(0);
  await doors[0]!.attach(near);
  expect(await told(0)).toBeUndefined();
});

async function met(
  options: Partial<EngineEndOptions>,
  own: DoorEndOptions,
): Promise<{ readonly why: string | undefined; readonly said: readonly string[] }> {
  const said: string[] = [];
  const things = { names: () => [], onChange: () => () => {} };
  const port = createRecordingPort();
  const engineEnd = createEngineEnd({
    port,
    doors: 1,
    timeScale: 1,
    things,
    ...writtenBy(port),
    onClock: (door, difference) => said.push(`door ${door}: ${difference}`),
    ...options,
  });
  const end = createDoorEnd(0, scaledClock, { onClock: (difference) => said.push(`engine: ${difference}`), ...own });
  const [near, far] = duplexPair();
  engineEnd.accept(far);
  const why = await end.attach(near).then(
    () => undefined,
    (error: Error) => error.message,
  );
  engineEnd.close();
  return { why, said };
}

describe('what two nodes say of each other', () => {
  it('is that the clock of one is an hour ahead, and they work together', async () => {
    const { why, said } = await met({}, { wallClock: () => Date.now() + 3_600_000 });
    expect(why).toBeUndefined();
    expect([...said].sort()).toEqual([
      "door 0: 60 min ahead of this machine's clock",
      "engine: 60 min behind this machine's clock",
    ]);
    expect(await met({}, {})).toEqual({ why: undefined, said: [] });
  });

  it.each([
    ['us-east-1 and account 111122223333', 'us-east-1 and account 000000000000'],
    ['eu-west-1 and account 000000000000', 'us-east-1 and account 000000000000'],
  ])('is that one is for %s and the other is not', async (identity, other) => {
    expect(await met({ identity }, { identity: other })).toEqual({
      why: `the engine is for ${identity}, and this door for ${other}`,
      said: [],
    });
    expect((await met({ identity }, { identity })).why).toBeUndefined();
  });
});

describe('a held journal', () => {
  it('keeps rows that belong to an outcome with it, and later outcomes behind it', async () => {
    const kept: string[] = [];
    const journal = holdingJournal({
      keep(changes, settled) {
        kept.push(changes.map(({ key }) => key).join('+'));
        settled(true);
      },
      drained: () => Promise.resolve(),
    });
    journal.keep([gone('first')], () => {});
    const [one, two] = [journal.hold(), journal.hold()];
    journal.keep([gone('held')], () => {});
    journal.keep([gone('behind')], () => {});
    one([gone('row')]);
    expect(kept).toEqual(['first']);
    const drained = journal.drained();
    two([]);
    two([gone('twice')]);
    await drained;
    expect(kept).toEqual(['first', 'row+held', 'behind']);
  });
});

it('a client belongs to the same door for everybody, and doors have about as many', () => {
  const counts = [0, 0, 0];
  for (let index = 0; index < 3000; index += 1) counts[doorOf(`thing-${index}`, allDoors(3))]! += 1;
  for (const count of counts) expect(count).toBeGreaterThan(800);
});

function nextMessageOn(client: MqttClient, wanted: string): Promise<string> {
  return new Promise((resolve) => {
    client.on('message', (topic, payload) => {
      if (topic === wanted) resolve(payload.toString());
    });
  });
}

function gone(key: string): RowChange {
  return { table: 'mqttSession', key };
}
