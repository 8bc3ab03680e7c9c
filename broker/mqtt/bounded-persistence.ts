/**
 * Holds aedes' memory of sessions to the bounds: a message for which a queue has no room is not put there, a retained message
 * beyond its bounds is routed and not retained. A client that is connected and has a full queue does not acknowledge what it
 * is sent, and is cut off. Stands outside of kept-sessions.ts, so that what is not queued is not kept either.
 */
import type { OutgoingPacket, Persistence } from './jobs-broker.ts';
import type { MemoryBounds } from './memory-bounds.ts';

export interface BoundedPersistenceOptions {
  readonly bounds: MemoryBounds;
  /** A message was one too many for a session. */
  readonly queueIsFull: (clientId: string, packet: OutgoingPacket) => void;
  /** A retained message was one too many. */
  readonly notRetained: (topic: string) => void;
}

export function boundPersistence(persistence: Persistence, options: BoundedPersistenceOptions): void {
  const { bounds, queueIsFull, notRetained } = options;
  const { outgoingEnqueue, outgoingEnqueueCombi, outgoingClearMessageId, storeRetained } = persistence;
  const hasRoom = (clientId: string, packet: OutgoingPacket): boolean => {
    if (bounds.queue(clientId, packet)) return true;
    queueIsFull(clientId, packet);
    return false;
  };
  Object.assign(persistence, {
    outgoingEnqueue: async (subscriber, packet) => {
      if (!hasRoom(subscriber.clientId, packet)) throw new Error('no room in the queue of the session');
      await outgoingEnqueue.call(persistence, subscriber, packet);
    },
    outgoingEnqueueCombi: (subscribers, packet) => {
      const some = subscribers.filter(({ clientId }) => hasRoom(clientId, packet));
      return outgoingEnqueueCombi.call(persistence, some, packet);
    },
    outgoingClearMessageId: async (client, acknowledged) => {
      const packet = await outgoingClearMessageId.call(persistence, client, acknowledged);
      if (packet !== undefined) bounds.unqueue(client.id, packet);
      return packet;
    },
    storeRetained: async (packet) => {
      if (bounds.retain(packet)) await storeRetained.call(persistence, packet);
      else notRetained(packet.topic);
    },
  } satisfies Partial<Persistence>);
}
