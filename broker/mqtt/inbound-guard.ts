/**
 * Limits on what a client sends that aedes has no hook for: it shows filters one by one and never a packet that is still
 * arriving. So this stands between a client's parser and aedes. A packet that breaks a limit is not handled at all; the
 * connection is closed, as on AWS. The door may take a packet here, before aedes does.
 * Source: reference limits.md §5, ambiguities.md A18.
 */
import type { EventEmitter } from 'node:events';
import type { Client } from 'aedes';
import type { Packet } from 'mqtt-packet';
import { Disconnection, type Reason } from './disconnection.ts';
import { maxPublishBytes, maxTopicFiltersPerSubscribe } from '../../protocol/limits.ts';

/** The parser inside aedes' client: mqtt-packet's. `parse` returns how many bytes wait for the rest of their packet. */
interface Parser extends EventEmitter {
  parse(chunk: Buffer): number;
}

/** Room for a packet's header, topic and properties beside its payload. */
const headerAllowanceBytes = 1024;

/** @param take true when it has dealt with the packet, which aedes then never sees. */
export function guardInbound(client: Client, take: (packet: Packet) => boolean): void {
  const { _parser: parser } = client as Client & { readonly _parser: Parser };
  const refuse = (reason: Reason, message: string): void => {
    client.emit('error', new Disconnection(reason, message));
  };

  const handlers = parser.listeners('packet') as ((packet: Packet) => void)[];
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: Packet) => {
    const excess = excessOf(packet);
    if (excess !== undefined) refuse(...excess);
    else if (!take(packet)) for (const handle of handlers) handle.call(parser, packet);
  });

  const parse = parser.parse.bind(parser);
  parser.parse = (chunk) => {
    const waitingBytes = parse(chunk);
    if (waitingBytes > maxPublishBytes + headerAllowanceBytes)
      refuse('packetTooLarge', 'a packet above the size limit');
    return waitingBytes;
  };
}

function excessOf(packet: Packet): readonly [Reason, string] | undefined {
  if (packet.cmd === 'publish' && packet.payload.length > maxPublishBytes) {
    return ['packetTooLarge', `a payload of ${packet.payload.length} bytes, of which ${maxPublishBytes} are allowed`];
  }
  if (packet.cmd === 'subscribe' && packet.subscriptions.length > maxTopicFiltersPerSubscribe) {
    const filters = packet.subscriptions.length;
    return ['quotaExceeded', `${filters} filters in a SUBSCRIBE, of which ${maxTopicFiltersPerSubscribe} are allowed`];
  }
  return undefined;
}
