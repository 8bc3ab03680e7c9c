/** What one connection may take: read at once as long as it is calm, then in turns and at a rate; nothing is lost. */
import { type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { type Packet, generate, parser } from 'mqtt-packet';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Traffic } from '../../broker/mqtt/traffic.ts';
import { Allowance } from '../../broker/net/allowance.ts';
import { HeldMemory } from '../../broker/net/held-memory.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(async () => {
  vi.useRealTimers();
  await closeDoors();
});

function takeAll(allowance: Allowance): number {
  let taken = 0;
  while (allowance.take()) taken += 1;
  return taken;
}

describe('Allowance', () => {
  it('lets a burst in at once, more in turns, and then what the rate gives', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const allowance = new Allowance(1000);
    allowance.comeIn();
    expect(takeAll(allowance)).toBe(64);
    allowance.comeIn();
    expect(takeAll(allowance)).toBe(0);
    let inTurns = 0;
    for (let turns = 1; !allowance.isSpent; turns += 1) {
      allowance.takeTurn();
      const taken = takeAll(allowance);
      expect(taken).toBeLessThanOrEqual(32);
      inTurns += taken;
    }
    expect(inTurns).toBe(1000 - 64);
    vi.advanceTimersByTime(10);
    allowance.takeTurn();
    expect(takeAll(allowance)).toBe(10);
    vi.advanceTimersByTime(60_000);
    allowance.comeIn();
    expect(takeAll(allowance)).toBe(64);
  });

  it('counts what is told to many as the work that it is', () => {
    const allowance = new Allowance(1000);
    allowance.charge(10_000 / 8);
    expect(allowance.isSpent).toBe(true);
  });
});

describe('HeldMemory', () => {
  it('has the connection closed that has held something for longest', () => {
    const memory = new HeldMemory(100, 10);
    const closed: string[] = [];
    const holder = (name: string) => ({ destroy: () => closed.push(name) });
    const [calm, old, middle, young] = ['calm', 'old', 'middle', 'young'].map(holder);
    memory.hold(calm!, 10);
    memory.hold(old!, 40);
    memory.hold(middle!, 40);
    memory.hold(middle!, 60);
    expect(closed).toEqual([]);
    memory.hold(young!, 50);
    expect(closed).toEqual(['old', 'middle']);
    memory.hold(young!, 90);
    memory.letGo(young!);
    memory.hold(old!, 100);
    expect(closed).toHaveLength(2);
  });
});

describe('Traffic', () => {
  it('lets those who wait go on one after the other, some of them in each turn', async () => {
    const traffic = new Traffic();
    const order: string[] = [];
    const busy = { goOn: () => void (order.push('busy'), order.length < 6 && traffic.queue(busy, 'turn')) };
    traffic.queue(busy, 'turn');
    traffic.queue({ goOn: () => order.push('other') }, 'turn');
    await vi.waitFor(() => expect(order).toHaveLength(6), 60_000);
    expect(order.indexOf('other')).toBe(1);
  });
});

/** Lets time go by within a turn. */
function pass(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('a turn that was long', () => {
  it('lets nobody be read at once any more, and the next one does', async () => {
    const traffic = new Traffic();
    expect(traffic.readsAtOnce).toBe(true);
    pass(10);
    expect(traffic.readsAtOnce).toBe(false);
    await new Promise(setImmediate);
    expect(traffic.readsAtOnce).toBe(true);
  });

  it('serves who comes after thousands that have waited before them', async () => {
    const traffic = new Traffic();
    const order: string[] = [];
    const slow = (name: string) => ({ goOn: () => void (pass(1), order.push(name)) });
    for (let index = 0; index < 50; index += 1) traffic.queue(slow('other'), 'turn');
    traffic.queue(slow('newcomer'), 'first');
    await vi.waitFor(() => expect(order).toContain('newcomer'));
    expect(order[0]).toBe('newcomer');
    await vi.waitFor(() => expect(order).toHaveLength(51), 60_000);
  });
});

async function connected(port: number, clientId: string): Promise<{ socket: Socket; packets: Packet[] }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const packets: Packet[] = [];
  const decoder = parser();
  decoder.on('packet', (packet) => packets.push(packet));
  socket.on('data', (chunk) => decoder.parse(chunk));
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', clientId, clean: true, keepalive: 60 }));
  await vi.waitFor(() => expect(packets).toHaveLength(1), 60_000);
  return { socket, packets };
}

const flood = 3000;

it.each([4, 5] as const)('a flood of MQTT %i is read at the rate, whole and in order', async (protocolVersion) => {
  const { port } = await openDoor();
  const witness = await WireClient.connect(port, { clientId: 'lamp' });
  const client = await WireClient.connect(port, { clientId: 'pump', protocolVersion });
  const numbers = Array.from({ length: flood }, (_, index) => index);
  const packets = numbers.map((number) =>
    generate(
      { cmd: 'publish', topic: 'a/b', payload: String(number), qos: 0, retain: false, dup: false },
      { protocolVersion },
    ),
  );
  await witness.subscribe(['a/b'], 0);
  const startedAt = performance.now();
  client.stream.write(Buffer.concat(packets));
  await vi.waitFor(() => expect(witness.messages).toHaveLength(flood), { timeout: 60_000 });
  expect(performance.now() - startedAt).toBeGreaterThan(((flood - 1000) / 1000) * 1000 * 0.9);
  expect(witness.messages.map(({ payload }) => Number(payload))).toEqual(numbers);
});

it('counts PINGREQ, and answers them all', async () => {
  const { port } = await openDoor();
  const { socket, packets } = await connected(port, 'lamp');
  const startedAt = performance.now();
  socket.write(Buffer.concat(Array.from({ length: flood }, () => generate({ cmd: 'pingreq' }))));
  await vi.waitFor(() => expect(packets).toHaveLength(flood + 1), { timeout: 60_000 });
  expect(performance.now() - startedAt).toBeGreaterThan(1800);
  socket.destroy();
});

it('says goodbye for a client that floods and ends, after all that it said', async () => {
  const { port } = await openDoor();
  const witness = await WireClient.connect(port, { clientId: 'lamp' });
  await witness.subscribe(['a/b'], 0);
  const { socket } = await connected(port, 'pump');
  const message = generate({ cmd: 'publish', topic: 'a/b', payload: 'x', qos: 0, retain: false, dup: false });
  socket.end(Buffer.concat([...Array.from({ length: 500 }, () => message), generate({ cmd: 'disconnect' })]));
  await vi.waitFor(() => expect(witness.messages).toHaveLength(500), { timeout: 60_000 });
});

it('sends a persistent session what has waited for it, however much, without cutting it off', async () => {
  const { port } = await openDoor();
  const sleeper = await WireClient.connect(port, { clientId: 'sleeper', clean: false });
  await sleeper.subscribe(['a/b'], 1);
  sleeper.stream.destroy();
  await sleeper.closed;
  const speaker = await WireClient.connect(port, { clientId: 'speaker' });
  const payload = Buffer.alloc(120 * 1024, 'x');
  for (let index = 0; index < 60; index += 1) speaker.publish('a/b', payload);
  await vi.waitFor(() => expect(speaker.packets.filter(({ cmd }) => cmd === 'puback')).toHaveLength(60), 60_000);
  const awake = await WireClient.connect(port, { clientId: 'sleeper', clean: false });
  await vi.waitFor(() => expect(awake.messages).toHaveLength(60), { timeout: 60_000 });
});
