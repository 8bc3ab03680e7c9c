/**
 * How a story is told at each door: a connection of its own, what it has to say, and the end of it. Nobody minds what is answered;
 * what counts is how the service and its other clients do.
 */
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Chance } from '../../faults/chance.ts';
import { fileStory, httpStory } from './http-inputs.ts';
import { type Story, mqttStory } from './mqtt-inputs.ts';
import { noise, often, spoilBytes } from './mutations.ts';

export const doorNames = ['tcp', 'tls', 'ws', 'wss', 'http', 'https', 'files'] as const;
export type DoorName = (typeof doorNames)[number];

export interface Places {
  readonly ports: { readonly [Name in Exclude<DoorName, 'files'>]: number };
  readonly ca: string;
  /** A bench certificate, without which MQTT over TLS goes no further. */
  readonly cert: string;
  readonly key: string;
  /** Signed paths. */
  readonly files: readonly string[];
}

const host = '127.0.0.1';
const patienceMs = 10_000;

/** @returns how many inputs it was, and whether the connection had to be ended from here. */
export async function tell(
  door: DoorName,
  chance: Chance,
  most: number,
  places: Places,
): Promise<{ readonly inputs: number; readonly hung: boolean }> {
  const story = storyFor(door, chance, most, places);
  const hung = await converse(open(door, chance, places), piecesFor(door, chance, story), chance);
  return { inputs: story.inputs, hung };
}

function storyFor(door: DoorName, chance: Chance, most: number, { files }: Places): Story {
  if (door === 'files') return fileStory(chance, most, files);
  return door === 'http' || door === 'https' ? httpStory(chance, most) : mqttStory(chance, most);
}

function open(door: DoorName, chance: Chance, { ports, ca, cert, key }: Places): Socket {
  const port = door === 'files' ? ports.http : ports[door];
  const isTls = door === 'tls' || door === 'wss' || door === 'https';
  // Some say something else where a handshake is waited for.
  if (!isTls || often(chance, 3)) return connect({ port, host, noDelay: true });
  const identity = door === 'tls' && often(chance, 95) ? { cert, key } : {};
  const ALPNProtocols = door === 'wss' && often(chance, 20) ? ['x-amzn-mqtt-ca'] : [];
  return connectTls({ port, host, ca, ...identity, ALPNProtocols });
}

const upgrade = [
  'GET /mqtt HTTP/1.1',
  `host: ${host}`,
  'upgrade: websocket',
  'connection: Upgrade',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version: 13',
  'sec-websocket-protocol: mqtt',
  '',
  '',
].join('\r\n');

function piecesFor(door: DoorName, chance: Chance, { pieces }: Story): readonly Buffer[] {
  if (door !== 'ws' && door !== 'wss') return pieces;
  const head = Buffer.from(upgrade);
  const frames = pieces.map((piece) => {
    const framed = frame(chance, piece);
    return often(chance, 10) ? spoilBytes(chance, framed) : framed;
  });
  return [often(chance, 3) ? spoilBytes(chance, head) : head, ...frames];
}

/** A binary frame as a client sends it, masked; some are of another kind. */
function frame(chance: Chance, bytes: Buffer): Buffer {
  const first = often(chance, 90) ? 0x82 : chance.pick([0x81, 0x02, 0x80, 0x88, 0x89, 0x8a, 0x8f, 0xc2]);
  const length = bytes.length;
  const header =
    length < 126
      ? Buffer.from([first, 0x80 | length])
      : length < 65_536
        ? Buffer.from([first, 0xfe, length >> 8, length & 255])
        : Buffer.from([
            first,
            0xff,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          ]);
  const mask = noise(chance, 4);
  const masked = Buffer.from(bytes);
  for (let at = 0; at < length; at += 1) masked[at]! ^= mask[at & 3]!;
  return Buffer.concat([header, mask, masked]);
}

/** Says each piece after something was answered, or soon. @returns whether the other side did not end it in time */
function converse(socket: Socket, pieces: readonly Buffer[], chance: Chance): Promise<boolean> {
  const endsAtOnce = often(chance, 50);
  return new Promise((resolve) => {
    let hung = false;
    let next = 0;
    const say = (): void => {
      const piece = pieces[next];
      next += 1;
      if (piece === undefined) {
        socket.end();
        return;
      }
      socket.write(piece);
      if (endsAtOnce || next < pieces.length) setImmediate(say);
    };
    const deadline = setTimeout(() => {
      hung = true;
      socket.destroy();
    }, patienceMs);
    // A second of silence is an end, too: not every odd thing is answered.
    const silence = setTimeout(() => socket.end(), 1000);
    socket.on('error', () => {});
    socket.on('data', () => {
      if (next >= pieces.length && !endsAtOnce) socket.end();
    });
    socket.once('close', () => {
      clearTimeout(deadline);
      clearTimeout(silence);
      resolve(hung);
    });
    say();
  });
}
