/**
 * The properties of MQTT 5 packets, read strictly: what may stand where, once or more often, and of which type. Properties of
 * a message go on to its receivers as the bytes they came as, so that user properties keep their order.
 * Source: MQTT 5 §2.2.2, the table of §2.2.2.2; lengths: docs/reference/limits.md §5.
 */
import { maxMessageExpirySeconds, maxPropertyBytes } from '../../protocol/limits.ts';
import { Disconnection } from './disconnection.ts';
import { textFault } from './topic-rules.ts';

type PropertyType = 'flag' | 'uint16' | 'uint32' | 'varint' | 'string' | 'binary' | 'pair';
/** A packet that a client may send, or the last will in its CONNECT. */
type Place = 'connect' | 'will' | 'publish' | 'puback' | 'subscribe' | 'unsubscribe' | 'disconnect' | 'auth';

interface Property {
  readonly name: string;
  readonly type: PropertyType;
  readonly places: readonly Place[];
  /** Goes on to the receivers of a message. */
  readonly forwarded?: true;
  /** AWS's limit on its bytes. */
  readonly maxBytes?: number;
}

const everywhere: readonly Place[] = [
  'connect',
  'will',
  'publish',
  'puback',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'auth',
];
const message: readonly Place[] = ['publish', 'will'];

const userProperty = 0x26;
const messageExpiry = 0x02;
const topicAlias = 0x23;
const subscriptionIdentifier = 0x0b;
const responseTopic = 0x08;
const willDelay = 0x18;

const table: ReadonlyMap<number, Property> = new Map<number, Property>([
  [0x01, { name: 'Payload Format Indicator', type: 'flag', places: message, forwarded: true }],
  [messageExpiry, { name: 'Message Expiry Interval', type: 'uint32', places: message }],
  [
    0x03,
    { name: 'Content Type', type: 'string', places: message, forwarded: true, maxBytes: maxPropertyBytes.contentType },
  ],
  [responseTopic, { name: 'Response Topic', type: 'string', places: message, forwarded: true }],
  [
    0x09,
    {
      name: 'Correlation Data',
      type: 'binary',
      places: message,
      forwarded: true,
      maxBytes: maxPropertyBytes.correlationData,
    },
  ],
  [subscriptionIdentifier, { name: 'Subscription Identifier', type: 'varint', places: ['publish', 'subscribe'] }],
  [0x11, { name: 'Session Expiry Interval', type: 'uint32', places: ['connect', 'disconnect'] }],
  [0x15, { name: 'Authentication Method', type: 'string', places: ['connect', 'auth'] }],
  [0x16, { name: 'Authentication Data', type: 'binary', places: ['connect', 'auth'] }],
  [0x17, { name: 'Request Problem Information', type: 'flag', places: ['connect'] }],
  [willDelay, { name: 'Will Delay Interval', type: 'uint32', places: ['will'] }],
  [0x19, { name: 'Request Response Information', type: 'flag', places: ['connect'] }],
  [0x1f, { name: 'Reason String', type: 'string', places: ['puback', 'disconnect', 'auth'] }],
  [0x21, { name: 'Receive Maximum', type: 'uint16', places: ['connect'] }],
  [0x22, { name: 'Topic Alias Maximum', type: 'uint16', places: ['connect'] }],
  [topicAlias, { name: 'Topic Alias', type: 'uint16', places: ['publish'] }],
  [
    userProperty,
    { name: 'User Property', type: 'pair', places: everywhere, forwarded: true, maxBytes: maxPropertyBytes.user },
  ],
  [0x27, { name: 'Maximum Packet Size', type: 'uint32', places: ['connect'] }],
]);

/** What the properties of a message mean to this broker. */
export interface MessageProperties {
  readonly topicAlias?: number;
  /** As AWS clamps it. */
  readonly expirySeconds?: number;
  readonly willDelaySeconds?: number;
  readonly hasSubscriptionIdentifier: boolean;
  /** As they came, for the receivers; absent: none. */
  readonly forwarded?: Buffer;
}

/**
 * @param bytes from the length of the properties on.
 * @returns what is wrong with them.
 */
export function propertiesFault(bytes: Buffer, place: Place): Disconnection | undefined {
  try {
    Array.from(walk(bytes, place));
    return undefined;
  } catch (error) {
    if (error instanceof Disconnection) return error;
    throw error;
  }
}

/** @param bytes that {@link propertiesFault} has nothing against. */
export function messageProperties(bytes: Buffer, place: 'publish' | 'will'): MessageProperties {
  const forwarded: Buffer[] = [];
  const numbers = new Map<number, number>();
  for (const { id, property, start, end } of walk(bytes, place)) {
    if (property.forwarded) forwarded.push(bytes.subarray(start, end));
    else numbers.set(id, numberAt(bytes, start + 1, property.type));
  }
  const expiry = numbers.get(messageExpiry);
  return {
    topicAlias: numbers.get(topicAlias),
    expirySeconds: expiry === undefined ? undefined : Math.min(Math.max(expiry, 1), maxMessageExpirySeconds),
    willDelaySeconds: numbers.get(willDelay),
    hasSubscriptionIdentifier: numbers.has(subscriptionIdentifier),
    ...(forwarded.length > 0 && { forwarded: Buffer.concat(forwarded) }),
  };
}

interface Found {
  readonly id: number;
  readonly property: Property;
  /** Of its identifier. */
  readonly start: number;
  readonly end: number;
}

function* walk(bytes: Buffer, place: Place): Generator<Found> {
  // PUBACK, DISCONNECT and AUTH may end before their properties.
  if (bytes.length === 0 && (place === 'puback' || place === 'disconnect' || place === 'auth')) return;
  const length = varintAt(bytes, 0, bytes.length);
  const end = length.end + length.value;
  if (end > bytes.length) throw malformed('properties that are longer than their packet');
  const seen = new Set<number>();
  let userBytes = 0;
  for (let at = length.end; at < end;) {
    const id = bytes[at]!;
    const property = table.get(id);
    if (property === undefined) throw malformed(`an unknown property 0x${id.toString(16)}`);
    if (!property.places.includes(place)) throw wrong(`${property.name} in ${place.toUpperCase()}`);
    if (id !== userProperty && seen.has(id)) throw wrong(`${property.name} twice`);
    seen.add(id);
    const valueEnd = endOfValue(bytes, at + 1, end, property);
    if (id === userProperty) userBytes += valueEnd - at - 1;
    const size = id === userProperty ? userBytes : valueEnd - at - 3;
    if (property.maxBytes !== undefined && size > property.maxBytes) {
      throw new Disconnection('quotaExceeded', `${property.name} above ${property.maxBytes} bytes`);
    }
    yield { id, property, start: at, end: valueEnd };
    at = valueEnd;
  }
}

const fixedLengths: { readonly [Type in PropertyType]?: number } = { flag: 1, uint16: 2, uint32: 4 };

function endOfValue(bytes: Buffer, at: number, end: number, { name, type }: Property): number {
  const truncated = (): Disconnection => malformed(`${name} without its value`);
  switch (type) {
    case 'flag':
    case 'uint16':
    case 'uint32': {
      const valueEnd = at + fixedLengths[type]!;
      if (valueEnd > end) throw truncated();
      if (type === 'flag' && bytes[at]! > 1) throw wrong(`${name} that is neither 0 nor 1`);
      return valueEnd;
    }
    case 'varint':
      return varintAt(bytes, at, end).end;
    case 'binary':
      return endOfField(bytes, at, end) ?? fail(truncated());
    case 'string':
      return endOfString(bytes, at, end, name);
    case 'pair':
      return endOfString(bytes, endOfString(bytes, at, end, name), end, name);
  }
}

function endOfString(bytes: Buffer, at: number, end: number, name: string): number {
  const valueEnd = endOfField(bytes, at, end);
  if (valueEnd === undefined) throw malformed(`${name} without its value`);
  const text = bytes.subarray(at + 2, valueEnd);
  const fault = textFault(text);
  if (fault !== undefined) throw malformed(`${fault} in ${name}`);
  if (name === table.get(responseTopic)!.name) {
    if (text.length === 0) throw wrong(`an empty ${name}`);
    if (/[+#]/.test(text.toString('latin1'))) throw wrong(`a wildcard in ${name}`);
  }
  return valueEnd;
}

/** @returns `undefined` when it does not fit. */
function endOfField(bytes: Buffer, at: number, end: number): number | undefined {
  if (at + 2 > end) return undefined;
  const valueEnd = at + 2 + bytes.readUInt16BE(at);
  return valueEnd > end ? undefined : valueEnd;
}

function varintAt(bytes: Buffer, at: number, end: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 4 && at + index < end; index += 1) {
    const byte = bytes[at + index]!;
    value += (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  throw malformed('a length that is none');
}

function numberAt(bytes: Buffer, at: number, type: PropertyType): number {
  if (type === 'uint32') return bytes.readUInt32BE(at);
  return type === 'uint16' ? bytes.readUInt16BE(at) : bytes[at]!;
}

function malformed(what: string): Disconnection {
  return new Disconnection('malformedPacket', what);
}

function wrong(what: string): Disconnection {
  return new Disconnection('protocolError', what);
}

function fail(error: Error): never {
  throw error;
}
