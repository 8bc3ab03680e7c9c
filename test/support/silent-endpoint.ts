/** An endpoint that takes connections and answers some types of packets only, until the test ends. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { endAfterTest } from './after-test.ts';

export const connack = Buffer.from([0x20, 2, 0, 0]);
export const connect = 1;
export const subscribe = 8;

/** As many topic filters as a SUBSCRIBE has. */
function subackFor(packet: Buffer): Buffer {
  const codes: number[] = [];
  for (let at = 4; at < packet[1]! + 2; at += 2 + packet.readUInt16BE(at) + 1) codes.push(1);
  return Buffer.from([0x90, 2 + codes.length, packet[2]!, packet[3]!, ...codes]);
}

/** @returns its URL */
export function endpointThatAnswers(types: readonly number[]): Promise<string> {
  return endpointThat((socket, bytes) => {
    const type = bytes[0]! >> 4;
    if (types.includes(type)) socket.write(type === connect ? connack : subackFor(bytes));
  });
}

/** @returns its URL */
export async function endpointThat(answers: (socket: Socket, bytes: Buffer) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => answers(socket, bytes));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endAfterTest(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
