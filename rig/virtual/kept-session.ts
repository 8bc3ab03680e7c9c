/**
 * What the broker keeps for a device with a persistent session (MQTT clean=false) while it is away: its subscriptions, and the
 * notifications that it has not acknowledged, which come again in their order when it is back. Replies are not among them: they
 * belong to the connection that asked. Source: reference mqtt-api.md §1.
 */
import type { DeviceMessage } from '../../protocol/device-messages.ts';

export class KeptSession {
  /** Notifications subscribed to. */
  readonly streams = new Set<string>();
  readonly #unacknowledged = new Set<DeviceMessage>();

  keep(message: DeviceMessage): void {
    this.#unacknowledged.add(message);
  }

  /** It has arrived; a duplicate of it may still come. */
  acknowledge(message: DeviceMessage): void {
    this.#unacknowledged.delete(message);
  }

  waiting(): readonly DeviceMessage[] {
    return [...this.#unacknowledged];
  }
}
