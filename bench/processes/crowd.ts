/**
 * A child process: many clients that mean no good at once, each in a way of its own. It never says how it fares: what counts is
 * how the service and its other clients do.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { generate } from 'mqtt-packet';
import { localAddressOf } from '../../rig/load/loopback.ts';
import { connectAll } from '../load/connect-all.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';

export type CrowdQuestions = typeof questions;

interface Body {
  readonly port: number;
  readonly clients: number;
  readonly way: Way;
}

const topic = 'crowd/noise';
const noise = Buffer.alloc(1024, 'x');
const pings = Buffer.alloc(64 * 1024, generate({ cmd: 'pingreq' }));
const askAgain = (name: string): Buffer => publish(`$aws/things/${name}/jobs/get`, '{}', 1);
/** All but the end of the largest packet. */
const halfPacket = Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0x07]), Buffer.alloc(100 * 1024)]);

function publish(to: string, payload: string | Buffer, messageId: number): Buffer {
  return generate({ cmd: 'publish', topic: to, payload, qos: 1, messageId, retain: false, dup: false });
}

/** What each does once it has been let in. */
const ways = {
  /** Asks for more and reads nothing of what it is told. */
  deaf(socket: Socket, name: string): void {
    socket.pause();
    socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'crowd/#', qos: 0 }] }));
    const request = Buffer.concat(Array.from({ length: 4 }, () => askAgain(name)));
    every(5000, socket, () => socket.write(request));
  },
  /** Takes messages and acknowledges none. */
  unacknowledging(socket: Socket): void {
    socket.resume();
    socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'crowd/#', qos: 1 }] }));
  },
  speaking(socket: Socket): void {
    socket.resume();
    every(20, socket, () => socket.write(publish(topic, noise, 1)));
  },
  /** As many PINGREQ as the line takes. */
  pinging(socket: Socket): void {
    socket.resume();
    asFastAsItGoes(socket, pings);
  },
  /** As many requests as the line takes. */
  asking(socket: Socket, name: string): void {
    socket.resume();
    asFastAsItGoes(socket, Buffer.concat(Array.from({ length: 500 }, () => askAgain(name))));
  },
  /** Asks forty times a second. Thousands who do ask more together than any service answers in time. */
  pestering(socket: Socket, name: string): void {
    socket.resume();
    const requests = Buffer.concat(Array.from({ length: 10 }, () => askAgain(name)));
    every(250, socket, () => {
      if (socket.writableLength === 0) socket.write(requests);
    });
  },
  /** Begins a packet and never ends it. */
  halting(socket: Socket): void {
    socket.resume();
    socket.write(halfPacket);
  },
} as const;

const call = Buffer.from('GET /things/thing-1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
const calls = Buffer.concat(Array.from({ length: 16 }, () => call));

/** What each does to the REST API, which lets everybody in. */
const callers = {
  /** Sixteen calls at once on one connection, and the next sixteen when they are answered. */
  calling(socket: Socket): void {
    let answered = 0;
    socket.on('data', (bytes: Buffer) => {
      for (let at = bytes.indexOf('HTTP/1.1 '); at !== -1; at = bytes.indexOf('HTTP/1.1 ', at + 1)) answered += 1;
      if (answered < 16) return;
      answered -= 16;
      socket.write(calls);
    });
    socket.write(calls);
  },
  /** One call on each of its connections, one after the other. */
  arriving(socket: Socket): void {
    const { remotePort: port = 0 } = socket;
    socket.resume().once('data', () => socket.destroy());
    socket.once('close', () => {
      const next = connect({ port, host: '127.0.0.1' });
      next.on('error', () => {});
      next.once('connect', () => callers.arriving(next));
    });
    socket.write(call);
  },
} as const;

export type Way = keyof typeof ways | keyof typeof callers;

function isByHttp(way: Way): way is keyof typeof callers {
  return Object.hasOwn(callers, way);
}

/** Not all at the same moment. */
function every(ms: number, socket: Socket, act: () => void): void {
  let timer = setTimeout(() => {
    act();
    timer = setInterval(act, ms);
  }, Math.random() * ms);
  socket.once('close', () => clearInterval(timer));
}

function asFastAsItGoes(socket: Socket, bytes: Buffer): void {
  const again = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', again);
  again();
}

const questions = {
  /** Lets them in, each as itself, and when all are there, on. */
  async come({ port, clients, way }: Body): Promise<void> {
    const nameOf = (index: number): string => `${way}-${index}`;
    const sockets = await connectAll(clients, async (index) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: localAddressOf(index) });
      socket.on('error', () => {});
      await once(socket, 'connect');
      if (isByHttp(way)) return socket;
      const clientId = nameOf(index);
      socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', clientId, clean: true, keepalive: 1200 }));
      await once(socket, 'data');
      return socket;
    });
    for (const [index, socket] of sockets.entries()) {
      if (isByHttp(way)) callers[way](socket);
      else ways[way](socket, nameOf(index));
    }
  },
};

serveParent(questions);
