/**
 * How a story is told at each door: a connection of its own, what it has to say, and the end of it. Nobody minds what is answered;
 * what counts is how the service and its other clients do.
 */
import { type Socket, connect } from 'node:net';
import { type SecureContext, connect as connectTls, createSecureContext } from 'node:tls';
import type { Chance } from '../../faults/chance.ts';
import { fileStory, httpStory } from './http-inputs.ts';
import { type Story, mqttStory } from './mqtt-inputs.ts';
import { noise, often, spoilBytes } from './mutations.ts';
import { tellSigned } from './signed-door.ts';
import type { Key } from './signed-inputs.ts';

/** `signed` is HTTP and WebSocket of a service that asks for signatures. */
export const doorNames = ['tcp', 'tls', 'ws', 'wss', 'http', 'https', 'files', 'signed'] as const;
export type DoorName = (typeof doorNames)[number];

export interface Places {
  readonly ports: { readonly [Name in Exclude<DoorName, 'files' | 'signed'>]: number };
  readonly ca: string;
  /** A bench certificate, without which MQTT over TLS goes no further. */
  readonly cert: string;
  readonly key: string;
  /** Signed paths. */
  readonly files: readonly string[];
  /** Present where the service asks for signatures. */
  readonly accessKey: Key | undefined;
}

const host = '127.0.0.1';
/** For the service to end a connection whose client has nothing more to say. */
const patienceMs = 10_000;
/** Not every odd thing is answered. */
const silenceMs = 500;

/** How a story went. */
export interface Told {
  readonly inputs: number;
  /** The connection had to be ended from here. */
  readonly hung: boolean;
  /** What was answered otherwise than it should have been, where that is known. */
  readonly wrong: readonly string[];
}

export async function tell(door: DoorName, chance: Chance, places: Places): Promise<Told> {
  const { accessKey, ports } = places;
  if (door === 'signed') {
    const hosts = { http: `${host}:${ports.http}`, ws: `${host}:${ports.ws}` };
    return { hung: false, ...(await tellSigned(chance, accessKey!, hosts)) };
  }
  const story = storyFor(door, chance, places);
  const hung = await converse(open(door, chance, places), piecesFor(door, chance, story), chance);
  return { inputs: story.inputs, hung, wrong: [] };
}

function storyFor(door: DoorName, chance: Chance, { files }: Places): Story {
  if (door === 'files') return fileStory(chance, files);
  return door === 'http' || door === 'https' ? httpStory(chance) : mqttStory(chance);
}

function open(door: Exclude<DoorName, 'signed'>, chance: Chance, places: Places): Socket {
  const { ports, cert, key } = places;
  const port = door === 'files' ? ports.http : ports[door];
  const isTls = door === 'tls' || door === 'wss' || door === 'https';
  // Some say something else where a handshake is waited for.
  if (!isTls || often(chance, 3)) return connect({ port, host, noDelay: true });
  const showsCertificate = door === 'tls' && often(chance, 95);
  const ALPNProtocols = door === 'wss' && often(chance, 20) ? ['x-amzn-mqtt-ca'] : [];
  const resumes = often(chance, 90);
  const kind = kindOf(`${port} ${ALPNProtocols.join()} ${showsCertificate}`, () =>
    createSecureContext({ ca: places.ca, ...(showsCertificate && { cert, key }) }),
  );
  const session = resumes && kind.session ? { session: kind.session } : {};
  const socket = connectTls({ port, host, ALPNProtocols, secureContext: kind.context, ...session });
  // Each time, since a session lasts for some minutes only.
  return socket.on('session', (made: Buffer) => (kind.session = made));
}

/** Connections of one kind share what is dear to make: the certificates that were read, and a session that most of them resume. */
interface Kind {
  readonly context: SecureContext;
  session?: Buffer;
}
const kinds = new Map<string, Kind>();

function kindOf(name: string, makeContext: () => SecureContext): Kind {
  const known = kinds.get(name) ?? { context: makeContext() };
  kinds.set(name, known);
  return known;
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
    const silence = setTimeout(() => socket.end(), silenceMs);
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
