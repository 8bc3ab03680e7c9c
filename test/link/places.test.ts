/** Doors that come and go: wherever a client comes back, its session is there, with what was said to it meanwhile, once. */
import type { Duplex } from 'node:stream';
import { type MqttClient, connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { scaledClock } from '../../broker/clock.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { type DoorEnd, createDoorEnd } from '../../broker/link/door-end.ts';
import type { EngineEnd } from '../../broker/link/engine-end.ts';
import { doorOf } from '../../broker/link/owner.ts';
import { type MqttDoor, openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';
import { successiveEngines } from '../support/successive-engines.ts';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Door {
  readonly number: number;
  readonly end: DoorEnd;
  readonly mqtt: MqttDoor;
  /** Its end of the link. */
  readonly line: Duplex;
}

/** One store; engines one after the other; doors that may be closed, cut off and opened again. */
class Bench {
  readonly #next = successiveEngines(3);
  readonly doors = new Map<number, Door>();
  port!: ServicePort;
  #end!: EngineEnd;

  constructor() {
    this.newEngine();
  }

  newEngine(): void {
    const { port, end } = this.#next();
    this.port = port;
    this.#end = end;
    closers.push(() => end.close());
  }

  /** The one that leads is gone, and with it the links; another one takes its place, and the doors come to it. */
  async takeover(): Promise<void> {
    this.#end.close();
    for (const { end } of this.doors.values()) await end.ended();
    this.newEngine();
  }

  async open(number: number): Promise<Door> {
    const early: Parameters<MqttDoor['adopt']>[0][] = [];
    const opened: { mqtt?: MqttDoor } = {};
    const end = createDoorEnd(number, scaledClock, {
      peer: `door-${number}:1`,
      onRows: (rows) => (opened.mqtt === undefined ? void early.push(rows) : opened.mqtt.adopt(rows)),
      onRelease: (isOurs) => opened.mqtt?.release(isOurs),
    });
    const line = await this.link(end);
    const { port, passage, sessionStore } = end;
    const mqtt = await openMqttDoor({
      port,
      listeners: { tcp: 0 },
      identity: 'open',
      passage,
      sessionStore: sessionStore!,
    });
    opened.mqtt = mqtt;
    for (const rows of early) mqtt.adopt(rows);
    const door = { number, end, mqtt, line };
    this.doors.set(number, door);
    closers.push(() => mqtt.close());
    await this.settled();
    return door;
  }

  async link(end: DoorEnd): Promise<Duplex> {
    const [near, far] = duplexPair();
    this.#end.accept(far);
    await end.attach(near);
    return far;
  }

  /** Every door that is linked has what is its own. */
  async settled(): Promise<void> {
    const linked = [...this.doors.values()].filter(({ end }) => end.isAttached);
    const isSo = (): boolean => linked.every(({ end }) => end.isComplete && end.members.length === linked.length);
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** The process is gone, and its link with it. */
  async kill(door: Door): Promise<void> {
    this.doors.delete(door.number);
    door.line.destroy();
    await door.end.ended();
    await this.settled();
    await door.mqtt.close();
  }

  get members(): readonly number[] {
    return [...this.doors.keys()].sort();
  }

  /** Where it belongs now. */
  async client(clientId: string, clean = false): Promise<MqttClient> {
    const { mqtt } = this.doors.get(doorOf(clientId, this.members))!;
    const client = await connectAsync(`mqtt://127.0.0.1:${mqtt.ports.tcp}`, { clientId, clean, reconnectPeriod: 0 });
    closers.push(() => client.endAsync(true));
    return client;
  }

  async ask(name: string, request: object): Promise<void> {
    await new Promise((resolve) => {
      this.port.submit({ name, request } as never, resolve);
    });
  }

  async job(jobId: string): Promise<void> {
    const targets = ['arn:aws:iot:us-east-1:000000000000:thing/pump'];
    await this.ask('iot:CreateJob', { jobId, targets, document: '{}' });
  }
}

/** A name whose door is that one of these, and after that another one. */
function named(what: string, door: number, members: readonly number[]): string {
  for (let index = 0; ; index += 1) {
    const name = `${what}-${index}`;
    if (doorOf(name, members) === door) return name;
  }
}

const notify = '$aws/things/pump/jobs/notify';

async function asleep(bench: Bench, clientId: string): Promise<void> {
  const client = await bench.client(clientId);
  await client.subscribeAsync(['news/#', notify], { qos: 1 });
  await client.endAsync();
}

/** Everything that comes until the last of it, as text. */
async function wakes(bench: Bench, clientId: string, last: string): Promise<readonly string[]> {
  const heard: string[] = [];
  const { mqtt } = bench.doors.get(doorOf(clientId, bench.members))!;
  const { connect } = await import('mqtt');
  const client = connect(`mqtt://127.0.0.1:${mqtt.ports.tcp}`, { clientId, clean: false, reconnectPeriod: 0 });
  closers.push(() => client.endAsync(true));
  await new Promise<void>((resolve) => {
    client.on('message', (topic, payload) => {
      heard.push(
        topic === notify ? [...payload.toString().matchAll(/"jobId":"(\w+)"/g)].at(-1)![1]! : payload.toString(),
      );
      if (heard.at(-1) === last) resolve();
    });
  });
  await client.endAsync();
  return heard;
}

async function says(client: MqttClient, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await client.publishAsync('news/today', text, { qos: 1 });
}

describe('a session', () => {
  it('goes on at another door when its own is gone, with what was said before, meanwhile and after', async () => {
    const bench = new Bench();
    const [first] = [await bench.open(0), await bench.open(1)];
    await bench.ask('iot:CreateThing', { thingName: 'pump' });
    const sleeper = named('sleeper', 0, [0, 1]);
    const speaker = await bench.client(named('speaker', 1, [0, 1]));
    await asleep(bench, sleeper);
    await says(speaker, 'before');
    await bench.job('early');
    const meanwhile = bench.job('meanwhile');
    await bench.kill(first);
    await meanwhile;
    await says(speaker, 'after');
    await bench.job('late');
    expect(await wakes(bench, sleeper, 'late')).toEqual(['before', 'early', 'meanwhile', 'after', 'late']);
    await says(speaker, 'still subscribed');
    expect(await wakes(bench, sleeper, 'still subscribed')).toEqual(['still subscribed']);
  });

  it('goes back when its door is there again, and its clients at other doors stay where they are', async () => {
    const bench = new Bench();
    const [first] = [await bench.open(0), await bench.open(1)];
    const [sleeper, other] = [named('sleeper', 0, [0, 1]), named('other', 1, [0, 1])];
    const speaker = await bench.client(other);
    await asleep(bench, sleeper);
    await says(speaker, 'one');
    await bench.kill(first);
    await says(speaker, 'two');
    await bench.open(0);
    await says(speaker, 'three');
    expect(await wakes(bench, sleeper, 'three')).toEqual(['one', 'two', 'three']);
    expect(speaker.connected).toBe(true);
  });

  it('moves when its door drains: its client is disconnected and has at the next door what it has not acknowledged', async () => {
    const bench = new Bench();
    const [first] = [await bench.open(0), await bench.open(1)];
    const [clientId, far] = [named('client', 0, [0, 1]), named('far', 1, [0, 1])];
    const client = await bench.client(clientId);
    await client.subscribeAsync('news/#', { qos: 1 });
    // It never acknowledges.
    client.handleMessage = () => {};
    const seen = new Promise((resolve) => client.once('message', resolve));
    const speaker = await bench.client(far);
    await says(speaker, 'in flight');
    await seen;
    const closed = new Promise((resolve) => client.once('close', () => resolve(undefined)));
    await first.end.leave();
    await closed;
    await bench.kill(first);
    await says(speaker, 'after');
    expect(await wakes(bench, clientId, 'after')).toEqual(['in flight', 'after']);
  });

  it('is not had twice: a door that was cut off lets go of what has gone on elsewhere', async () => {
    const bench = new Bench();
    const [first] = [await bench.open(0), await bench.open(1)];
    const [clientId, far] = [named('client', 0, [0, 1]), named('far', 1, [0, 1])];
    const client = await bench.client(clientId);
    await client.subscribeAsync('news/#', { qos: 1 });
    const closed = new Promise((resolve) => client.once('close', () => resolve(undefined)));
    const speaker = await bench.client(far);
    bench.doors.delete(0);
    first.line.destroy();
    await bench.settled();
    await says(speaker, 'meanwhile');
    expect(await wakes(bench, clientId, 'meanwhile')).toEqual(['meanwhile']);
    const line = await bench.link(first.end);
    bench.doors.set(0, { ...first, line });
    await closed;
    await bench.settled();
    await says(speaker, 'later');
    expect(await wakes(bench, clientId, 'later')).toEqual(['later']);
  });

  it('stays with its client when the engine is another one, and has what was said before its door came to it', async () => {
    const bench = new Bench();
    const [first, second] = [await bench.open(0), await bench.open(1)];
    const [clientId, far] = [named('client', 0, [0, 1]), named('far', 1, [0, 1])];
    const client = await bench.client(clientId);
    const heard: string[] = [];
    const whole = new Promise<void>((resolve) => {
      client.on('message', (_, payload) => {
        heard.push(payload.toString());
        if (heard.length === 3) resolve();
      });
    });
    await client.subscribeAsync('news/#', { qos: 1 });
    const speaker = await bench.client(far);
    await says(speaker, 'one');
    await bench.takeover();
    await bench.link(second.end);
    await says(speaker, 'two');
    await bench.link(first.end);
    await says(speaker, 'three');
    await whole;
    expect(heard).toEqual(['one', 'two', 'three']);
    expect(client.connected).toBe(true);
  });

  it('of a door that does not come to the next engine is had by another one after a while', async () => {
    const bench = new Bench();
    const [first, second] = [await bench.open(0), await bench.open(1)];
    const [sleeper, far] = [named('sleeper', 0, [0, 1]), named('far', 1, [0, 1])];
    await asleep(bench, sleeper);
    const speaker = await bench.client(far);
    await bench.takeover();
    bench.doors.delete(0);
    await bench.link(second.end);
    await says(speaker, 'one');
    await bench.settled();
    expect(await wakes(bench, sleeper, 'one')).toEqual(['one']);
    await first.mqtt.close();
  });
});
