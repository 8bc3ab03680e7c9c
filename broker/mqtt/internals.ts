/**
 * The undocumented parts of mqtt-packet and Node that this room uses. No other file may reach into one. A release that
 * renames a part makes `missingInternals` name it, and a test fails; the service itself then does without, more slowly or
 * less strictly.
 * Source: mqtt-packet 9 parser.js, lib/net.js of Node 20 to 24.
 */
/* oxlint-disable no-underscore-dangle -- that is what undocumented parts begin with */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Parser, parser as createParser } from 'mqtt-packet';

// mqtt-packet: the bytes of a packet while it is read. It replaces ill-formed UTF-8 and reads past the end of properties.

interface ParserInternals {
  readonly _list: { slice(start: number, end: number): Buffer };
  readonly _pos: number;
  readonly packet: { readonly cmd: string; readonly length: number };
  _parseString(): string | null;
  _parseProperties(): object | false;
  _emitError(error: Error): void;
}

/** What is asked about the bytes of a packet as it is read. An error makes the packet unreadable. */
export interface ParserChecks {
  /** UTF-8 of one string outside properties, without its length. */
  string(bytes: Buffer): Error | undefined;
  /** From the length of the properties to the end of the packet. */
  properties(bytes: Buffer, cmd: string): Error | undefined;
}

export function createCheckedParser(protocolVersion: number | undefined, checks: ParserChecks): Parser {
  const parser = createParser(protocolVersion === undefined ? {} : { protocolVersion });
  const internals = parser as unknown as ParserInternals;
  const { _parseString: parseString, _parseProperties: parseProperties } = internals;
  if (parseString === undefined || parseProperties === undefined) return parser;
  let inProperties = false;
  internals._parseString = () => {
    const start = internals._pos + 2;
    const text = parseString.call(internals);
    if (inProperties || text === null) return text;
    const error = checks.string(internals._list.slice(start, internals._pos));
    if (error !== undefined) internals._emitError(error);
    return text;
  };
  internals._parseProperties = () => {
    const { cmd, length } = internals.packet;
    const error = checks.properties(internals._list.slice(internals._pos, length), cmd);
    if (error !== undefined) {
      internals._emitError(error);
      return {};
    }
    inProperties = true;
    const properties = parseProperties.call(internals);
    inProperties = false;
    return properties;
  };
  return parser;
}

// Node: reading from TCP into one buffer that all sockets share. Node has this for sockets that it opens (`onread`) and not for
// those that it accepts. A stream takes 64 KB for each chunk, gives most of it back and wraps what is left twice, which is a
// fifth of what an exchange costs the service.

interface Handle {
  useUserBuffer?(buffer: Buffer): void;
}

/** A socket's properties for the buffer and for who is told how much came in; returning true reads on. */
type SocketInternals = Socket & {
  readonly _handle: Handle | null;
  [property: symbol]: Buffer | ((length: number) => boolean);
};

const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const [bufferProperty, callbackProperty] = symbolsOf(new Socket(), ['kBuffer', 'kBufferCb']);

/**
 * From now on calls `read` with what comes in, valid during the call only. What the stream has read before still comes as
 * `data`, and first. TLS and other streams are left as they are.
 * @returns false when nothing has changed.
 */
export function readInPlace(wire: Duplex, read: (bytes: Buffer) => void): boolean {
  if (bufferProperty === undefined || callbackProperty === undefined || wire.constructor !== Socket) return false;
  const socket = wire as SocketInternals;
  const { _handle: handle } = socket;
  if (handle?.useUserBuffer === undefined) return false;
  handle.useUserBuffer(sharedBuffer);
  socket[bufferProperty] = sharedBuffer;
  socket[callbackProperty] = (length) => {
    read(sharedBuffer.subarray(0, length));
    return true;
  };
  return true;
}

function symbolsOf(socket: Socket, names: readonly string[]): readonly (symbol | undefined)[] {
  const symbols = Object.getOwnPropertySymbols(socket);
  return names.map((name) => symbols.find(({ description }) => description === name));
}

/**
 * @param socket one that was accepted and is open.
 * @returns the parts that this release of a library or of Node does not have.
 */
export function missingInternals(socket: Socket): string[] {
  const parser = createParser() as unknown as Partial<ParserInternals>;
  const parts: Readonly<Record<string, boolean>> = {
    'mqtt-packet: parser._parseString': typeof parser._parseString === 'function',
    'mqtt-packet: parser._parseProperties': typeof parser._parseProperties === 'function',
    'mqtt-packet: parser._emitError': typeof parser._emitError === 'function',
    'mqtt-packet: parser._list.slice': typeof parser._list?.slice === 'function',
    'mqtt-packet: parser.packet.length': typeof parser.packet?.length === 'number',
    'Node: socket[kBuffer]': bufferProperty !== undefined,
    'Node: socket[kBufferCb]': callbackProperty !== undefined,
    'Node: socket._handle.useUserBuffer': typeof (socket as SocketInternals)._handle?.useUserBuffer === 'function',
  };
  return Object.keys(parts).filter((part) => parts[part] !== true);
}
