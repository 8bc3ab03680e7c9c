/**
 * The stream of a client of MQTT 5. What 3.1.1 has no words for stands here and in mqtt5-connect.ts: properties, topic aliases,
 * reasons for a refusal, a DISCONNECT of the service.
 * Source: MQTT 5, docs/reference/connection.md §2 and §3, docs/clients.md (rule 7).
 */
import { type IPublishPacket, type Packet, generate } from 'mqtt-packet';
import { maxTopicAliases } from '../../protocol/limits.ts';
import { ClientStream, type PacketReceiver, type WillProperties } from './client-stream.ts';
import { Disconnection, type Reason, reasonCodes, reasonOf } from './disconnection.ts';
import { type Agreement, connack5, refusingConnack } from './mqtt5-connect.ts';
import { messageProperties } from './mqtt5-properties.ts';
import { type Frame, PacketReader } from './packet-reader.ts';

/** Fits into the smallest packet that a client may ask for. */
const maxReasonLength = 100;
const version5 = { protocolVersion: 5 };

const reader = new PacketReader(5);

export class Mqtt5Stream extends ClientStream {
  readonly version = 5;
  readonly #topicByAlias = new Map<number, string>();
  /** The client has been let in and can be told something. */
  #listening = false;

  override admit(agreement: Agreement, resumes: boolean): void {
    this.#listening = true;
    this.wire.write(this.encode(connack5(agreement, resumes)));
  }

  override saidGoodbye(): void {
    this.#listening = false;
  }

  protected override takeFrame(frame: Frame, receiver: PacketReceiver): void {
    const packet = this.readPacket(reader, frame);
    if (packet === undefined) return;
    if (packet.cmd === 'puback') receiver.acknowledge(packet.messageId!);
    else if (packet.cmd === 'publish') this.#publish(packet, receiver);
    else receiver.receive(packet, packet.cmd === 'connect' && packet.will ? lastWillProperties() : undefined);
  }

  #publish({ topic, payload, qos, retain, messageId = 0 }: IPublishPacket, receiver: PacketReceiver): void {
    const { topicAlias, hasSubscriptionIdentifier, forwarded, expirySeconds } = messageProperties(
      reader.properties,
      'publish',
    );
    if (hasSubscriptionIdentifier) throw new Disconnection('protocolError', 'a subscription identifier in PUBLISH');
    receiver.publish({
      topic: topicAlias === undefined ? topic : this.#topicOf(topicAlias, topic),
      payload: payload as Buffer,
      qos,
      retain,
      messageId,
      properties: forwarded,
      expirySeconds,
    });
  }

  #topicOf(alias: number, topic: string): string {
    if (alias === 0 || alias > maxTopicAliases) throw new Disconnection('topicAliasInvalid', `topic alias ${alias}`);
    if (topic !== '') this.#topicByAlias.set(alias, topic);
    const meant = this.#topicByAlias.get(alias);
    if (meant === undefined) throw new Disconnection('protocolError', 'a topic alias that stands for nothing');
    return meant;
  }

  override encode(packet: Packet): Buffer {
    return generate(packet, version5);
  }

  override refuse(refusal: Disconnection): void {
    this.wire.write(this.encode(refusingConnack(refusal.reason)));
    this.destroy(refusal);
  }

  protected override leave(error: Error | null): void {
    if (this.#listening) {
      const reason: Reason = error === null ? this.closingReason : reasonOf(error);
      const properties = error === null ? {} : { reasonString: error.message.slice(0, maxReasonLength) };
      this.wire.write(this.encode({ cmd: 'disconnect', reasonCode: reasonCodes[reason], properties }));
    }
    this.closeGently();
  }
}

function lastWillProperties(): WillProperties {
  const { forwarded, expirySeconds, willDelaySeconds } = messageProperties(reader.willProperties, 'will');
  return { properties: forwarded, expirySeconds, delaySeconds: willDelaySeconds };
}
