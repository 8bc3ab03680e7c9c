/** What the rules of AWS's broker are made of (aws-broker-rules.ts): a client's part, and how it is told. */
import { type Packet, generate } from 'mqtt-packet';
import type { FakeService } from '../support/fake-service.ts';
import type { WireClient, WireOptions } from '../support/wire-client.ts';

export interface Stage {
  readonly service: FakeService;
  /** Connects by the way in that is tried. */
  connect(options: WireOptions): Promise<WireClient>;
  /** Opens a connection by it and sends nothing. */
  arrive(): Promise<WireClient>;
}

export interface BrokerRule {
  readonly claim: string;
  /** What a client of each version sees, for people. */
  readonly told: readonly [mqtt311: string, mqtt5: string];
  /** The same, for the test. */
  readonly seen: readonly [mqtt311: unknown, mqtt5: unknown];
  readonly evidence: string;
  act(stage: Stage): Promise<unknown>;
}

export const lamp = { clientId: 'lamp' };
export const jobs = '$aws/things/lamp/jobs';

/** `closed`, with the reason where the client is told; of a refused CONNECT its code. */
export async function ending(client: WireClient): Promise<unknown> {
  await client.closed;
  const last = client.packets.at(-1);
  if (last?.cmd === 'disconnect') return last.reasonCode;
  if (last?.cmd === 'connack')
    return last.returnCode || last.reasonCode ? [last.returnCode ?? last.reasonCode] : 'closed';
  return 'closed';
}

/** The packet with the marker in it turned into bytes that are no UTF-8. */
export function illFormed(packet: Packet, { protocolVersion }: WireClient): Buffer {
  const bytes = generate(packet, { protocolVersion });
  const at = bytes.indexOf('ÿ');
  bytes[at + 1] = 0x28;
  return bytes;
}

/** A client that sends one packet when it is let in. */
export function sending(send: (client: WireClient) => void): BrokerRule['act'] {
  return async ({ connect }) => {
    const client = await connect(lamp);
    send(client);
    return ending(client);
  };
}

export const publishing = (topic: string, options: Parameters<WireClient['publish']>[2] = {}): BrokerRule['act'] =>
  sending((client) => client.publish(topic, 'x', options));
export const subscribing = (filter: string, qos: 0 | 1 | 2 = 1): BrokerRule['act'] =>
  sending((client) => void client.subscribe([filter], qos));
export const raw = (packet: (client: WireClient) => Packet): BrokerRule['act'] =>
  sending((client) => void client.stream.write(illFormed(packet(client), client)));

export const closes = (reason: number): Pick<BrokerRule, 'told' | 'seen'> => ({
  told: ['connection closed', `DISCONNECT 0x${reason.toString(16).toUpperCase()}`],
  seen: ['closed', reason],
});

/** @param change of what mqtt-packet does not write: the level of the protocol and the flags behind it */
export function connecting(options: WireOptions, change: (bytes: Buffer) => void = () => {}): BrokerRule['act'] {
  return async ({ arrive }) => {
    const client = await arrive();
    const protocolVersion = client.protocolVersion as 4 | 5;
    const connect = { cmd: 'connect', protocolId: 'MQTT', protocolVersion, keepalive: 0, ...options } as const;
    // mqtt-packet refuses to write some of what is tried here, so the flag is set afterwards.
    const bytes = generate({ ...connect, clean: true });
    if (options.clean === false) bytes[connectFlagsAt]! &= ~cleanFlag;
    change(bytes);
    client.stream.write(bytes);
    const connack = await client.received('connack');
    const code = connack?.cmd === 'connack' ? (connack.returnCode ?? connack.reasonCode) : undefined;
    if (code === 0) return 'let in';
    await client.closed;
    return code === undefined ? 'closed' : [code];
  };
}

/** Behind a length of one byte and the protocol's name; the flags come next. */
export const levelAt = 8;
export const connectFlagsAt = 9;
const cleanFlag = 0x02;

export const will = { topic: 'farewell', payload: Buffer.from('bye'), qos: 1, retain: false } as const;
export const publishPacket = {
  cmd: 'publish',
  topic: 'ÿ',
  payload: 'x',
  qos: 1,
  retain: false,
  dup: false,
  messageId: 1,
} as const;

/** What the client has got by the time that everything sent before has been answered. */
export async function heard(client: WireClient): Promise<unknown[]> {
  await client.settled();
  return client.messages.map(({ payload }) => payload);
}
