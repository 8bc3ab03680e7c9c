/**
 * The stream of a client of MQTT 3.1.1. What comes most often, acknowledgements and publications with QoS 1, is read in place
 * and without mqtt-packet, whose way of reading costs three times as much, most of all with thousands of clients, whose
 * parsers and buffers are in no cache.
 * Source: MQTT 3.1.1 §2.2 (fixed header), §3.3 (PUBLISH), §3.4 (PUBACK).
 */
import { type Packet, generate } from 'mqtt-packet';
import { ClientStream, type PacketReceiver } from './client-stream.ts';
import { type Disconnection, returnCodeOf } from './disconnection.ts';
import { connectHeader } from './first-packet.ts';
import { connectInPlace, subackBytes, subscribeInPlace } from './handshake-in-place.ts';
import { partOf } from './internals.ts';
import type { Agreement } from './mqtt5-connect.ts';
import { type Frame, PacketReader } from './packet-reader.ts';

/** PUBLISH with QoS 1, without RETAIN; DUP makes no difference. */
const publishHeader = 0x32;
const duplicateFlag = 0x08;
const pubackHeader = 0x40;
const subscribeHeader = 0x82;
const replacementCharacter = '\ufffd';

/** CONNACK, without a session that there was and with one. */
const admitted = Buffer.from([0x20, 2, 0, 0]);
const resumed = Buffer.from([0x20, 2, 1, 0]);

const reader = new PacketReader(4);

export class FastLane extends ClientStream {
  readonly version = 4;
  #refused = false;
  /** Of its last publication, when it is ASCII: a client says much on few topics. */
  #lastTopic = '';

  protected override takeFrame(frame: Frame, receiver: PacketReceiver): void {
    const { bytes, start, bodyAt, end } = frame;
    const header = bytes[start]!;
    if (header === pubackHeader && end === bodyAt + 2) receiver.acknowledge(bytes.readUInt16BE(bodyAt));
    else if ((header & ~duplicateFlag) !== publishHeader || !this.#publishInPlace(frame, receiver)) {
      const packet = this.#handshake(header, frame) ?? this.readPacket(reader, frame);
      if (packet !== undefined) receive(packet, receiver);
    }
  }

  #handshake(header: number, frame: Frame): Packet | undefined {
    if (header === subscribeHeader) return subscribeInPlace(frame);
    return header === connectHeader && this.isFirst ? connectInPlace(frame) : undefined;
  }

  /** @returns false when it has to be looked at more closely. */
  #publishInPlace({ bytes, bodyAt, end }: Frame, receiver: PacketReceiver): boolean {
    const topicAt = bodyAt + 2;
    if (end < topicAt) return false;
    const topicEnd = topicAt + bytes.readUInt16BE(bodyAt);
    if (end < topicEnd + 2) return false;
    const messageId = bytes.readUInt16BE(topicEnd);
    if (messageId === 0) return false;
    let topic = this.#lastTopic;
    if (!isAscii(topic, bytes, topicAt, topicEnd)) {
      topic = bytes.toString('utf8', topicAt, topicEnd);
      if (topic.includes('\0') || topic.includes(replacementCharacter)) return false;
      if (topic.length === topicEnd - topicAt) this.#lastTopic = topic;
    }
    receiver.publish({ topic, payload: partOf(bytes, topicEnd + 2, end), qos: 1, retain: false, messageId });
    return true;
  }

  override admit(_agreement: Agreement, resumes: boolean): void {
    this.wire.write(resumes ? resumed : admitted);
  }

  override saidGoodbye(): void {}

  override encode(packet: Packet): Buffer {
    if (packet.cmd !== 'suback') return generate(packet);
    return subackBytes(packet.messageId!, packet.granted as number[]) ?? generate(packet);
  }

  override refuse(refusal: Disconnection): void {
    const returnCode = returnCodeOf(refusal.reason);
    if (returnCode !== undefined) this.wire.write(generate({ cmd: 'connack', returnCode, sessionPresent: false }));
    this.#refused = true;
    this.closeGently();
    this.destroy(refusal);
  }

  protected override leave(error: Error | null): void {
    if (!this.#refused) this.wire.destroy(error ?? undefined);
  }
}

/** Whether the bytes are this text. @param text of ASCII only, each a byte */
function isAscii(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

function receive(packet: Packet, receiver: PacketReceiver): void {
  if (packet.cmd === 'puback') receiver.acknowledge(packet.messageId!);
  else if (packet.cmd !== 'publish') receiver.receive(packet);
  else {
    const { topic, payload, qos, retain, messageId = 0 } = packet;
    receiver.publish({ topic, payload: payload as Buffer, qos, retain, messageId });
  }
}
