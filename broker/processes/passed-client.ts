/**
 * A client that came to one door by TLS or WebSocket and belongs to another: one line of JSON with what was proved about it, then
 * its bytes, both ways. What is passed on is what the door would have read: TLS and WebSocket end where the client came in, which
 * therefore stays in the way. A plain TCP connection is handed over as it is: socket-handle.ts.
 */
import type { Socket } from 'node:net';
import type { ConnectionProof } from '../mqtt/access-control.ts';
import type { Arrived } from '../mqtt/mqtt-door.ts';

const maxLineBytes = 64 * 1024;
const newLine = 0x0a;

/** @param far to the client's own door */
export function passOn({ wire, start, proof }: Arrived, far: Socket): void {
  const { stream } = wire;
  const end = (): void => {
    stream.destroy();
    far.destroy();
  };
  const received = (bytes: Buffer): void => {
    if (!far.write(Buffer.from(bytes))) stream.pause();
  };
  far.setNoDelay(true);
  far.write(`${JSON.stringify(proofToTell(proof))}\n`);
  wire.listener = { received, finished: () => void far.end(), failed: end, closed: end, drained() {} };
  far.on('drain', () => stream.resume()).on('error', end);
  far.on('close', end).pipe(stream);
  received(start);
}

/** @returns what another process can be told of it */
export function proofToTell({ socket: _socket, ...told }: Partial<ConnectionProof>): Partial<ConnectionProof> {
  return JSON.parse(JSON.stringify(told, withoutBytes)) as Partial<ConnectionProof>;
}

/** Certificates come with their bytes, which nobody asks for. */
function withoutBytes(_name: string, value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer';
  return isBytes || _name === 'issuerCertificate' ? undefined : value;
}

/** Reads what {@link passOn} has written. */
export function takeOver(far: Socket, accept: (stream: Socket, proof: Partial<ConnectionProof>) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const leave = (): void => void far.destroy();
  const look = (): void => {
    const chunk = far.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf(newLine);
    if (end === -1) {
      if (seen.length > maxLineBytes) leave();
      return;
    }
    far.off('readable', look).off('error', leave);
    const rest = seen.subarray(end + 1);
    if (rest.length > 0) far.unshift(rest);
    accept(far, JSON.parse(seen.toString('utf8', 0, end)) as Partial<ConnectionProof>);
  };
  far.setNoDelay(true);
  far.on('readable', look).on('error', leave);
}
