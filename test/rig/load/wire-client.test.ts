/** The load's own client beside MQTT.js: told the same, both say the same on the wire. */
import { MqttClient } from 'mqtt';
import { type Packet, generate, parser } from 'mqtt-packet';
import net, { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { linesTo } from '../../../rig/load/network-lines.ts';
import { WireClient } from '../../../rig/load/wire-client.ts';

const filters = ['a/+', 'b'];
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Recording {
  readonly port: number;
  readonly packets: Packet[];
  readonly closed: Promise<void>;
}

/** Grants everything; sends two messages after SUBACK, byte by byte where `cuts`; keeps what the client says. */
async function recordingServer(cuts: boolean): Promise<Recording> {
  const packets: Packet[] = [];
  let close: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const send = (socket: Socket, packet: Packet): void => {
    const bytes = generate(packet);
    if (!cuts) socket.write(bytes);
    else for (const byte of bytes) socket.write(Buffer.from([byte]));
  };
  const server = createServer({ noDelay: true }, (socket) => {
    const reading = parser();
    reading.on('packet', (packet) => {
      packets.push(packet);
      if (packet.cmd === 'connect') send(socket, { cmd: 'connack', returnCode: 0, sessionPresent: false });
      if (packet.cmd === 'subscribe') {
        send(socket, { cmd: 'suback', messageId: packet.messageId!, granted: [1, 1] });
        const common = { cmd: 'publish', retain: false, dup: false } as const;
        send(socket, { ...common, qos: 1, messageId: 300, topic: 'a/one', payload: 'x'.repeat(300) });
        send(socket, { ...common, qos: 0, topic: 'b', payload: '' });
      }
      if (packet.cmd === 'publish') send(socket, { cmd: 'puback', messageId: packet.messageId! });
      if (packet.cmd === 'pingreq') send(socket, { cmd: 'pingresp' });
    });
    socket.on('data', (chunk) => reading.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => close?.());
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((ready) => server.once('listening', ready));
  return { port: (server.address() as AddressInfo).port, packets, closed };
}

type Heard = [topic: string, payload: string][];

/** Both clients do the same: subscribe, hear two messages, publish one, say goodbye. */
const clients = {
  'MQTT.js': (port: number): Promise<Heard> =>
    new Promise((resolve) => {
      const heard: Heard = [];
      const client = new MqttClient(() => net.connect(port, '127.0.0.1'), {
        clientId: 'me',
        keepalive: 60,
        protocolVersion: 4,
        clean: true,
      });
      client.on('connect', () => client.subscribe(filters, { qos: 1 }));
      client.on('message', (topic, payload) => {
        heard.push([topic, payload.toString()]);
        if (heard.length < 2) return;
        client.publish('a/out', '{"an":"answer"}', { qos: 1 }, () => client.end(() => resolve(heard)));
      });
    }),
  'the load’s own': async (port: number): Promise<Heard> => {
    const open = await linesTo(`mqtt://127.0.0.1:${port}`);
    return new Promise((resolve, reject) => {
      const heard: Heard = [];
      const client = new WireClient({
        index: 0,
        clientId: 'me',
        filters,
        keepAliveSeconds: 60,
        open,
        listener: {
          ready() {},
          ponged() {},
          gone: (reason) => reject(new Error(reason)),
          message(topic, payload) {
            heard.push([topic, payload.toString()]);
            if (heard.length < 2) return;
            client.publish('a/out', '{"an":"answer"}');
            setImmediate(() => {
              client.disconnect();
              resolve(heard);
            });
          },
        },
      });
    });
  },
} as const;

async function recorded(name: keyof typeof clients, cuts: boolean) {
  const { port, packets, closed } = await recordingServer(cuts);
  const heard = await clients[name](port);
  await closed;
  return { heard, said: packets.map(told) };
}

/** What of a packet means something; ids and the length of the packet do not. */
function told(packet: Packet): object {
  switch (packet.cmd) {
    case 'connect': {
      const { cmd, clientId, clean, keepalive, protocolId, protocolVersion, username, will } = packet;
      return { cmd, clientId, clean, keepalive, protocolId, protocolVersion, username, will };
    }
    case 'subscribe':
      return { cmd: packet.cmd, subscriptions: packet.subscriptions.map(({ topic, qos }) => ({ topic, qos })) };
    case 'publish': {
      const { cmd, topic, payload, qos, retain, dup } = packet;
      return { cmd, topic, payload: payload.toString(), qos, retain, dup };
    }
    case 'puback':
      return { cmd: packet.cmd, messageId: packet.messageId };
    default:
      return { cmd: packet.cmd };
  }
}

describe('the load’s own client', () => {
  it.each([
    ['in whole packets', false],
    ['byte by byte', true],
  ])('hears and says what MQTT.js does, read %s', async (_, cuts) => {
    const [theirs, ours] = [await recorded('MQTT.js', cuts), await recorded('the load’s own', cuts)];
    expect(ours).toEqual(theirs);
    expect(ours.heard).toEqual([
      ['a/one', 'x'.repeat(300)],
      ['b', ''],
    ]);
  });

  it.each([
    ['CONNACK refuses', [{ cmd: 'connack', returnCode: 5, sessionPresent: false }], 'CONNACK 5'],
    [
      'SUBACK refuses',
      [
        { cmd: 'connack', returnCode: 0, sessionPresent: false },
        { cmd: 'suback', messageId: 1, granted: [1, 128] },
      ],
      'SUBACK refuses a filter',
    ],
    ['the service closes', [], 'the service closed the connection'],
  ] as const)('tells once that it is gone when %s', async (_, answers, reason) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      const waiting = [...answers] as Packet[];
      socket.on('data', () => {
        const next = waiting.shift();
        if (next === undefined) socket.end();
        else socket.write(generate(next));
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((ready) => server.once('listening', ready));
    const { port } = server.address() as AddressInfo;
    const open = await linesTo(`mqtt://127.0.0.1:${port}`);
    const reasons = await new Promise<string[]>((resolve) => {
      const heard: string[] = [];
      const client = new WireClient({
        index: 0,
        clientId: 'me',
        filters,
        keepAliveSeconds: 60,
        open,
        listener: {
          ready: () => client.ping(),
          ponged() {},
          message() {},
          gone(why) {
            heard.push(why);
            setImmediate(() => resolve(heard));
          },
        },
      });
    });
    expect(reasons).toEqual([reason]);
  });

  const accepted = Buffer.from([0x20, 2, 0, 0]);
  const subscribed = Buffer.from([0x90, 4, 0, 1, 1, 1]);

  it.each<[string, readonly Buffer[]]>([
    ['a web page', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['an alert of TLS', [Buffer.from([0x15, 3, 3, 0, 2, 2, 40])]],
    ['nothing but zeros', [Buffer.alloc(64)]],
    ['a CONNACK without a code', [Buffer.from([0x20, 0])]],
    ['a CONNACK that is too long', [Buffer.from([0x20, 3, 0, 0, 0])]],
    ['a length of five bytes', [Buffer.from([0x20, 0xff, 0xff, 0xff, 0xff, 0x7f])]],
    ['a message before its CONNACK', [Buffer.from([0x30, 3, 0, 1, 0x61])]],
    ['a second CONNACK', [accepted, accepted]],
    ['a SUBACK without its codes', [accepted, Buffer.from([0x90, 2, 0, 1])]],
    ['a message without a topic', [accepted, subscribed, Buffer.from([0x30, 0])]],
    ['a topic that is longer than its message', [accepted, subscribed, Buffer.from([0x30, 3, 0, 9, 0x61])]],
    ['a message without its id', [accepted, subscribed, Buffer.from([0x32, 3, 0, 1, 0x61])]],
    ['a message of QoS 3', [accepted, subscribed, Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1])]],
    ['a packet that only clients send', [accepted, subscribed, Buffer.from([0xc0, 0])]],
    ['a message of 200 MB', [accepted, subscribed, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x5f])]],
  ])('is told %s, and gives the connection up', (_, chunks) => {
    const heard: string[] = [];
    let dropped = 0;
    const client = new WireClient({
      index: 0,
      clientId: 'me',
      filters,
      keepAliveSeconds: 60,
      open: () => ({ write: () => true, end() {}, drop: () => void (dropped += 1) }),
      listener: { ready() {}, ponged() {}, message: (topic) => heard.push(topic), gone: (why) => heard.push(why) },
    });
    client.opened();
    for (const chunk of chunks) client.received(chunk);
    expect({ heard, dropped }).toEqual({ heard: ['what it answers is not MQTT'], dropped: 1 });
  });
});

it.runIf(process.platform === 'linux')('comes from as many addresses of loopback as its ports need', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((ready) => server.once('listening', ready));
  const open = await linesTo(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const from = async (index: number): Promise<string | undefined> => {
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const line = open(index, { opened() {}, received() {}, gone() {} });
    const socket = await accepted;
    const { remoteAddress } = socket;
    line.end();
    socket.destroy();
    return remoteAddress;
  };
  const found = [];
  for (const index of [0, 1999, 2000, 19_999, 600_000]) found.push(await from(index));
  expect(found).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.10', '127.0.1.45']);
});
