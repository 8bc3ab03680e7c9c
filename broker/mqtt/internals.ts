/**
 * The undocumented parts of aedes, mqtt-packet and Node that this room uses. No other file may reach into one. A release that
 * renames a part makes `missingInternals` name it, and a test fails; the service itself then does without, more slowly or
 * less strictly.
 * Source: aedes 1.2 lib/client.js and lib/handlers/connect.js, mqtt-packet 9 parser.js, lib/net.js of Node 20 to 26.
 */
/* oxlint-disable no-underscore-dangle -- that is what undocumented parts begin with */
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { type Duplex, PassThrough } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import type { Aedes, Client } from 'aedes';
import { type Parser, parser as createParser } from 'mqtt-packet';

// aedes: a client that is connected, made without a parser and without the listeners by which aedes reads: the door reads.

/** What aedes does with the connection of a client that it does not read. */
export interface ClientConnection {
  on(event: string, listener: () => void): unknown;
  emit(event: string): unknown;
  removeAllListeners(event: string): unknown;
  destroy(error?: Error): unknown;
}

interface BrokerInternals {
  registerClient(client: Client): void;
}

const noSubscriptions = Object.freeze(Object.create(null) as object);
const nothingToRead = { _queue: null, removeAllListeners() {} };
const prototypes = new WeakMap<Aedes, object>();

/** Of the clients of a broker. */
function prototypeOf(broker: Aedes): object {
  let prototype = prototypes.get(broker);
  if (prototype === undefined) {
    const sample = broker.handle(new PassThrough());
    prototype = Object.getPrototypeOf(sample) as object;
    prototypes.set(broker, prototype);
    sample.close();
  }
  return prototype;
}

/** What aedes' own constructor makes, as it is when CONNACK has left. A literal with its prototype is made at once. */
function clientMembers(
  prototype: object,
  broker: Aedes,
  conn: ClientConnection,
  id: string | null,
  clean: boolean,
): object {
  return {
    __proto__: prototype,
    closed: false,
    connecting: false,
    connected: true,
    connackSent: true,
    errored: false,
    id,
    clean,
    version: 4,
    subscriptions: noSubscriptions,
    duplicates: noSubscriptions,
    broker,
    conn,
    _disconnected: false,
    _authorized: true,
    _parsingBatch: 0,
    _nextId: 1,
    _inboundInflight: undefined,
    _drainTimer: null,
    _pendingDrains: [],
    req: undefined,
    connDetails: null,
    will: null,
    _will: null,
    _parser: nothingToRead,
    _nextBatch: ignore,
    _eos: ignore,
    deliver0: ignore,
    deliverQoS: ignore,
    _keepaliveTimer: null,
    _keepaliveInterval: -1,
    _connectTimer: null,
  };
}

function ignore(): void {}

/** A client of aedes whose connection the door reads. aedes does not know of it yet. */
export function createClient(broker: Aedes, conn: ClientConnection, id: string, clean: boolean): Client {
  return clientMembers(prototypeOf(broker), broker, conn, id, clean) as Client;
}

/** From now on aedes knows it as connected; an earlier client of the same id is closed. */
export function registerClient(broker: Aedes, client: Client): void {
  (broker as unknown as BrokerInternals).registerClient(client);
}

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
  /** @returns 0, or a negative number of the system's for why nothing was written; from Node 26 on also a request that was made. */
  writeBuffer(request: WriteRequest | null, bytes: Buffer): number | WriteRequest;
}

/** A socket's properties for the buffer and for who is told how much came in; returning true reads on. */
type SocketInternals = Socket & {
  readonly _handle: Handle | null;
  [property: symbol]: Buffer | ((length: number) => boolean);
};

const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Of it, each in a place of its own among few: what comes in begins and ends in few places. */
const knownParts: (Buffer | undefined)[] = Array.from({ length: 1024 });

/** As `subarray`, without an object for each call where the bytes are what a socket has just read. Valid as long as they are. */
export function partOf(bytes: Buffer, start: number, end: number): Buffer {
  if (bytes.buffer !== sharedBuffer.buffer || bytes.byteOffset !== 0) return bytes.subarray(start, end);
  const place = (start * 31 + end) % knownParts.length;
  const known = knownParts[place];
  if (known !== undefined && known.byteOffset === start && known.length === end - start) return known;
  return (knownParts[place] = sharedBuffer.subarray(start, end));
}
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
    read(partOf(sharedBuffer, 0, length));
    return true;
  };
  return true;
}

// Node: writing to TCP past the stream, which keeps an account of each write, makes an object of the system's for it and says in a
// later tick that it is over. Most writes are over when they return, and one such object does for all of these.

/** What the system keeps of a write that goes on. */
interface WriteRequest {
  /** Negative: the system keeps nothing of it, now. */
  getAsyncId(): number;
  buffer?: Buffer;
  oncomplete?: (status: number) => void;
  /** From Node 26 on: of a write that was over before anybody could hear of it. */
  writeStatus?: number | null;
}

type Write = (handle: Handle, bytes: Buffer, over: (error?: Error | null) => void) => void;

function writeAs(request: WriteRequest | null): Write | null {
  // Node 26 makes a request for a write that goes on, and none for others.
  if (request === null) return writeWithoutRequest;
  return typeof request?.getAsyncId === 'function' ? writeWith(request.constructor as new () => WriteRequest) : null;
}

/** Up to Node 24 each write is given a request. One that the system did not keep does for the next write, too. */
function writeWith(Request: new () => WriteRequest): Write {
  let spare: WriteRequest | undefined;
  return (handle, bytes, over) => {
    const request = (spare ??= new Request());
    const status = handle.writeBuffer(request, bytes) as number;
    if (status !== 0) return over(writeError(status));
    if (!isKept(request)) return over();
    spare = undefined;
    awaitOutcome(request, bytes, over);
  };
}

function writeWithoutRequest(handle: Handle, bytes: Buffer, over: (error?: Error | null) => void): void {
  const outcome = handle.writeBuffer(null, bytes);
  if (typeof outcome === 'number') return over(outcome === 0 ? null : writeError(outcome));
  const { writeStatus: status = null } = outcome;
  if (status !== null) return over(status < 0 ? writeError(status) : null);
  if (!isKept(outcome)) return over(writeError(-constants.errno.EPIPE));
  awaitOutcome(outcome, bytes, over);
}

function isKept(request: WriteRequest): boolean {
  return request.getAsyncId() >= 0;
}

function awaitOutcome(request: WriteRequest, bytes: Buffer, over: (error?: Error | null) => void): void {
  request.buffer = bytes;
  request.oncomplete = (status) => over(status < 0 ? writeError(status) : null);
}

/** Writes as this release of Node does, once it has seen that. */
export class SocketWriter {
  /** Undefined: not seen yet. Null: in no way known here. */
  #write: Write | null | undefined;

  get knowsHow(): boolean {
    return this.#write !== null;
  }

  /**
   * @param over called when the system has taken all of it, with why it has not: before this returns as a rule.
   * @returns false: nothing was written, and the stream has to do it.
   */
  write(wire: Duplex, bytes: Buffer, over: (error?: Error | null) => void): boolean {
    const write = this.#write;
    if (write === null || wire.writableLength > 0 || !wire.writable || wire.constructor !== Socket) return false;
    const socket = wire as SocketInternals;
    const { _handle: handle } = socket;
    if (handle === null) return false;
    if (write !== undefined) write(handle, bytes, over);
    else {
      this.#learnFrom(handle);
      socket._write(bytes, 'buffer' as BufferEncoding, over);
    }
    return true;
  }

  /** The first write is the socket's own. */
  #learnFrom(handle: Handle): void {
    const { writeBuffer } = handle;
    if (typeof writeBuffer !== 'function') {
      this.#write = null;
      return;
    }
    handle.writeBuffer = (request, bytes) => {
      delete (handle as Partial<Handle>).writeBuffer;
      this.#write = writeAs(request);
      return writeBuffer.call(handle, request, bytes);
    };
  }
}

const writer = new SocketWriter();

/** Past the stream, as {@link SocketWriter.write}. */
export function writeInPlace(wire: Duplex, bytes: Buffer, over: (error?: Error | null) => void): boolean {
  return writer.write(wire, bytes, over);
}

function writeError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { errno: status, code, syscall: 'write' });
}

function symbolsOf(socket: Socket, names: readonly string[]): readonly (symbol | undefined)[] {
  const symbols = Object.getOwnPropertySymbols(socket);
  return names.map((name) => symbols.find(({ description }) => description === name));
}

/**
 * @param broker one that listens.
 * @param socket one that was accepted and is open.
 * @returns the parts that this release of a library or of Node does not have.
 */
export function missingInternals(broker: Aedes, socket: Socket): string[] {
  const conn = new PassThrough();
  const sample = broker.handle(conn) as unknown as Readonly<Record<string, unknown>>;
  const members = new Set(Object.keys(sample).filter((name) => name !== '_events' && name !== '_eventsCount'));
  const made = new Set(Object.keys(clientMembers(prototypeOf(broker), broker, conn, null, true)));
  (sample as unknown as Client).close();
  const parser = createParser() as unknown as Partial<ParserInternals>;
  const parts: Readonly<Record<string, boolean>> = {
    ...Object.fromEntries([...members].map((name) => [`aedes: client.${name}`, made.has(name)])),
    ...Object.fromEntries([...made].map((name) => [`aedes: client.${name}`, members.has(name)])),
    'aedes: broker.registerClient': typeof (broker as Partial<BrokerInternals>).registerClient === 'function',
    'mqtt-packet: parser._parseString': typeof parser._parseString === 'function',
    'mqtt-packet: parser._parseProperties': typeof parser._parseProperties === 'function',
    'mqtt-packet: parser._emitError': typeof parser._emitError === 'function',
    'mqtt-packet: parser._list.slice': typeof parser._list?.slice === 'function',
    'mqtt-packet: parser.packet.length': typeof parser.packet?.length === 'number',
    'Node: socket[kBuffer]': bufferProperty !== undefined,
    'Node: socket[kBufferCb]': callbackProperty !== undefined,
    'Node: socket._handle.writeBuffer': typeof (socket as SocketInternals)._handle?.writeBuffer === 'function',
    'Node: what writeBuffer takes and gives': writer.knowsHow,
    'Node: socket._handle.useUserBuffer': typeof (socket as SocketInternals)._handle?.useUserBuffer === 'function',
  };
  return Object.keys(parts).filter((part) => parts[part] !== true);
}
