/**
 * From the bytes of a connection to whole packets. A packet's length is known before its bytes have come, so that one that is
 * too long is refused at once, and one that comes in pieces is put together once. What a packet says is read by mqtt-packet;
 * what mqtt-packet lets pass (ill-formed text, properties that end elsewhere than they say) is refused here.
 * Source: MQTT 3.1.1 §2.2 and §1.5.3, MQTT 5 §2.2.2.
 */
import type { Packet, Parser } from 'mqtt-packet';
import { maxPacketBytes } from '../../protocol/limits.ts';
import { Disconnection } from './disconnection.ts';
import { connectHeader, protocolLevel } from './first-packet.ts';
import { type ParserChecks, createCheckedParser } from './internals.ts';
import { propertiesFault } from './mqtt5-properties.ts';
import { textFault } from './topic-rules.ts';

/** A whole packet among other bytes. */
export interface Frame {
  readonly bytes: Buffer;
  readonly start: number;
  /** Of what follows its length. */
  readonly bodyAt: number;
  readonly end: number;
}

const maxHeaderBytes = 5;
const minGatheredBytes = 64;
/** By packet type: the flags that its first byte must have; PUBLISH has its own, 0 and 15 of MQTT 3.1.1 are no types. */
const flagsByType = [-1, 0, 0, -1, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0] as const;
const publishType = 3;
const pingreqHeader = 0xc0;
const disconnectHeader = 0xe0;
/** Of MQTT 3.1, 3.1.1 and 5, and of what is no CONNECT, which is found out otherwise. */
const levels: ReadonlySet<number> = new Set([0, 3, 4, 5]);
/** Among the texts of CONNECT: behind the protocol's name. */
const clientIdPlace = 2;
const nothing = Buffer.alloc(0);

export class FrameReader {
  /** Holds the beginning of a packet whose rest has not come yet. */
  #gathered: Buffer = nothing;
  #gatheredBytes = 0;
  /** Of the packet that is being gathered; 0 while its header has not come whole. */
  #wantedBytes = 0;

  /**
   * Calls `take` for each packet that is whole now. Its bytes are valid during the call only.
   * @param goesOn asked before each packet, with its first byte; false: the others are not read now.
   * @returns what was not read, valid as long as `chunk` is.
   * @throws Disconnection for what can be no packet.
   */
  read(chunk: Buffer, take: (frame: Frame) => void, goesOn: (header: number) => boolean): Buffer {
    let bytes = chunk;
    if (this.#gatheredBytes > 0) {
      this.#gather(chunk);
      if (this.#gatheredBytes < this.#wantedBytes) return nothing;
      bytes = this.#gathered.subarray(0, this.#gatheredBytes);
      this.#gathered = nothing;
      this.#gatheredBytes = 0;
      this.#wantedBytes = 0;
    }
    let at = 0;
    while (at < bytes.length) {
      const end = frameAt(bytes, at);
      if (end === 0 || end > bytes.length) {
        this.#wantedBytes = end === 0 ? 0 : end - at;
        this.#gather(bytes.subarray(at));
        return nothing;
      }
      if (!goesOn(bytes[at]!)) return bytes.subarray(at);
      take(frame);
      at = end;
    }
    return nothing;
  }

  /** What it keeps of a packet that has not come whole. */
  get heldBytes(): number {
    return this.#gathered.length;
  }

  /** Copies, since these bytes will be others when the rest comes. The room grows with what has come, not with what was said. */
  #gather(bytes: Buffer): void {
    const neededBytes = this.#gatheredBytes + bytes.length;
    if (neededBytes > this.#gathered.length) {
      const larger = Buffer.allocUnsafe(Math.max(neededBytes, 2 * this.#gathered.length, minGatheredBytes));
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = larger;
    }
    bytes.copy(this.#gathered, this.#gatheredBytes);
    this.#gatheredBytes = neededBytes;
  }
}

/** The one that is taken now: there are very many, one after the other. */
const frame: { -readonly [Member in keyof Frame]: Frame[Member] } = { bytes: nothing, start: 0, bodyAt: 0, end: 0 };

/** Finds the {@link frame} there. @returns where it ends; 0 while its header has not come whole. */
function frameAt(bytes: Buffer, start: number): number {
  const header = bytes[start]!;
  const type = header >> 4;
  if (type !== publishType && flagsByType[type] !== (header & 0x0f)) {
    throw new Disconnection('malformedPacket', 'a first byte that begins no packet');
  }
  let length = 0;
  for (let index = 1; index < maxHeaderBytes; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return 0;
    length += (byte & 0x7f) << (7 * (index - 1));
    if (length > maxPacketBytes) throw new Disconnection('packetTooLarge', 'a packet above the size limit');
    if (byte < 0x80) {
      frame.bytes = bytes;
      frame.start = start;
      frame.bodyAt = start + index + 1;
      frame.end = frame.bodyAt + length;
      return frame.end;
    }
  }
  throw new Disconnection('malformedPacket', 'a length of more than four bytes');
}

/** Reads packets one by one; it may be shared by all connections of one version. */
export class PacketReader {
  readonly #protocolVersion: 4 | 5;
  #parser: Parser;
  #packet: Packet | undefined;
  #error: Error | undefined;
  /** Of the packet that was read last: its properties as they came, and those of its last will. */
  properties: Buffer = nothing;
  willProperties: Buffer = nothing;

  constructor(protocolVersion: 4 | 5) {
    this.#protocolVersion = protocolVersion;
    this.#parser = this.#createParser();
  }

  /**
   * @param bytes of one whole packet, which the packet refers to.
   * @throws Disconnection when they are none.
   */
  read(bytes: Buffer): Packet {
    const [header] = bytes;
    const isBare = header === pingreqHeader || (header === disconnectHeader && this.#protocolVersion === 4);
    if (isBare && bytes.length > 2)
      throw new Disconnection('malformedPacket', 'a packet that is longer than it may be');
    this.#packet = undefined;
    this.#error = undefined;
    this.properties = nothing;
    this.willProperties = nothing;
    // A parser keeps what CONNECT says, so one that has read it is not used again.
    const isConnect = header === connectHeader;
    if (isConnect && !levels.has(protocolLevel(bytes) ?? 0)) {
      throw new Disconnection('unsupportedVersion', 'connection refused: a version of MQTT that there is not');
    }
    const parser = isConnect ? this.#createParser(true) : this.#parser;
    try {
      parser.parse(bytes);
    } catch (error) {
      this.#error ??= error as Error;
    }
    const packet = this.#packet as Packet | undefined;
    const error = this.#error as Error | undefined;
    if (error !== undefined || packet === undefined) {
      // After an error mqtt-packet begins at the wrong place.
      if (!isConnect) this.#parser = this.#createParser();
      if (error instanceof Disconnection) throw error;
      throw new Disconnection('malformedPacket', error?.message ?? 'a packet that is shorter than it says');
    }
    // Absent where a packet has none; -1 where it should have one.
    if (packet.messageId !== undefined && packet.messageId <= 0) {
      throw new Disconnection('malformedPacket', `${packet.cmd.toUpperCase()} without a packet identifier`);
    }
    return packet;
  }

  #createParser(isConnect = false): Parser {
    let isWill = false;
    let strings = 0;
    const checks: ParserChecks = {
      string(bytes) {
        strings += 1;
        const fault = textFault(bytes);
        if (fault === undefined) return undefined;
        return isConnect && strings === clientIdPlace
          ? new Disconnection('clientIdInvalid', `connection refused: ${fault} in a client id`)
          : new Disconnection('malformedPacket', fault);
      },
      properties: (bytes, cmd) => {
        const place = isWill ? 'will' : (cmd as 'publish');
        const fault = propertiesFault(bytes, place);
        if (isWill) this.willProperties = bytes;
        else this.properties = bytes;
        isWill = cmd === 'connect';
        return fault;
      },
    };
    const parser = createCheckedParser(this.#protocolVersion, checks);
    parser.on('packet', (packet: Packet) => (this.#packet = packet));
    parser.on('error', (error: Error) => (this.#error ??= error));
    return parser;
  }
}
