/** Connections that are handed over: in order, many at a time, each closed here exactly once and with what belongs to it. */
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HandleQueue } from '../../broker/processes/handle-queue.ts';
import { type HandleChannel, detach } from '../../broker/processes/socket-handle.ts';

/** A channel whose other side acknowledges when it is told to, and what was closed here. */
function channel() {
  const sent: { readonly message: object; readonly told: (error: Error | null) => void }[] = [];
  const closed: number[] = [];
  const events = new EventEmitter();
  const ends = Object.assign(events, {
    connected: true,
    send(message: object, _handle: unknown, told: (error: Error | null) => void) {
      sent.push({ message, told });
      return true;
    },
  });
  const queue = new HandleQueue(ends as HandleChannel);
  const send = (count: number, more = ''): void => {
    for (let id = 0; id < count; id += 1) queue.send({ id, more }, { close: () => closed.push(id) });
  };
  const answer = (cmd: string): unknown => events.emit('internalMessage', { cmd });
  return { queue, sent, closed, ends, send, answer };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, id) => id);
const ids = (sent: readonly { readonly message: object }[]): unknown[] =>
  sent.map(({ message }) => (message as { id: unknown }).id);

describe('a queue of connections', () => {
  it('has many on the way, which are no more than 32 KB, and sends the next when one was acknowledged', () => {
    const { sent, closed, send, answer } = channel();
    send(1000, 'x'.repeat(300));
    const atOnce = sent.length;
    expect(atOnce).toBeGreaterThan(50);
    expect(atOnce * 300).toBeLessThan(32 * 1024);
    for (let taken = 1; taken <= 1000; taken += 1) {
      answer('NODE_HANDLE_ACK');
      expect(closed.length).toBe(taken);
      // By then ids are longer.
      expect(sent.length).toBeGreaterThanOrEqual(Math.min(1000, atOnce - 2 + taken));
    }
    expect(ids(sent)).toEqual(upTo(1000));
    expect(closed).toEqual(upTo(1000));
  });

  it('lets a message that is longer than that go alone', () => {
    const { sent, send, answer } = channel();
    send(3, 'x'.repeat(40_000));
    for (const count of [1, 2, 3]) {
      expect(sent.length).toBe(count);
      answer('NODE_HANDLE_ACK');
    }
  });

  it('goes on where the other side had no descriptor for one', () => {
    const { sent, closed, send, answer } = channel();
    send(2, 'x'.repeat(40_000));
    answer('NODE_HANDLE_NACK');
    expect([sent.length, closed]).toEqual([2, [0]]);
  });

  it('takes no other message of the channel for an acknowledgement', () => {
    const { closed, send, answer } = channel();
    send(1);
    answer('NODE_CLUSTER');
    expect(closed).toEqual([]);
    answer('NODE_HANDLE_ACK');
    answer('NODE_HANDLE_ACK');
    expect(closed).toEqual([0]);
  });

  it('closes those that could not be sent, and goes on with the next', () => {
    const { sent, closed, send, answer } = channel();
    send(1000);
    for (let next = 0; next < sent.length; next += 1) sent[next]!.told(new Error('EPIPE'));
    expect([sent.length, closed]).toEqual([1000, upTo(1000)]);
    answer('NODE_HANDLE_ACK');
    expect(closed.length).toBe(1000);
  });

  it('closes all when the channel ends, and each that comes later', () => {
    const { queue, closed, ends, send } = channel();
    send(1000);
    queue.end();
    expect(closed.toSorted((one, other) => one - other)).toEqual(upTo(1000));
    ends.connected = false;
    send(1);
    expect(closed.length).toBe(1001);
  });
});

/** Answers each connection with the message that it came with, by itself. */
const answering = `
process.on('message', ({ port }, handle) => {
  const socket = new (require('node:net').Socket)({ handle, readable: true, writable: true });
  socket.end(JSON.stringify({ port }));
});
process.send('up');
`;

describe('a process that is handed connections', () => {
  it('gets many while it takes none, and each with its own message', async () => {
    const child = spawn(process.execPath, ['-e', answering], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'message');
    const queue = new HandleQueue(child as HandleChannel);
    const server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: serverPort } = server.address() as AddressInfo;
    try {
      // From here on nothing is acknowledged, and all of it is written nevertheless.
      child.kill('SIGSTOP');
      let sent = 0;
      const wroteAll = new Promise<void>((resolve) => {
        const send = child.send.bind(child) as NonNullable<HandleChannel['send']>;
        const counted: HandleChannel['send'] = (message, handle, told) =>
          send(message, handle, (error) => {
            told(error);
            sent += 1;
            if (sent === 60) resolve();
          });
        Object.assign(child, { send: counted });
      });
      server.on('connection', (socket: Socket) => {
        const { remotePort: port } = socket;
        queue.send({ port, more: 'x'.repeat(200) }, detach(socket)!);
      });
      const clients = Array.from({ length: 60 }, () => connect({ port: serverPort, host: '127.0.0.1' }));
      const heard = clients.map(async (client) => {
        await once(client, 'connect');
        const { localPort } = client;
        let text = '';
        for await (const chunk of client.setEncoding('utf8')) text += chunk;
        return [localPort, (JSON.parse(text) as { port: number }).port];
      });
      await wroteAll;
      child.kill('SIGCONT');
      const pairs = await Promise.all(heard);
      for (const [own, told] of pairs) expect(told).toBe(own);
    } finally {
      queue.end();
      server.close();
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
