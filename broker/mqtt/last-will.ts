/**
 * A client's last will: kept from CONNECT until the client says goodbye, or until its connection ends without that. MQTT 5 may
 * have it wait, for the client to come back. It is judged when it is published, as if its client had published it.
 * Source: MQTT 3.1.1 §3.1.2.5, MQTT 5 §3.1.3.2; docs/reference/connection.md §2 (QoS 0 and 1).
 */
import type { IConnectPacket } from 'mqtt-packet';
import type { Publication, WillProperties } from './client-stream.ts';
import type { MemoryBounds } from './memory-bounds.ts';
import type { LeftWill } from './session.ts';

export interface LastWill {
  readonly publication: Publication;
  readonly delaySeconds: number;
}

export function lastWillIn({ will }: IConnectPacket, properties: WillProperties = {}): LastWill | undefined {
  if (will === undefined) return undefined;
  const { topic, payload, qos = 0, retain = false } = will;
  const { delaySeconds = 0, ...forwarded } = properties;
  // The packet's bytes are its own, so that they may be held.
  return {
    publication: { topic, payload: Buffer.from(payload), qos, retain, messageId: 0, ...forwarded },
    delaySeconds,
  };
}

/** The last will of one client. */
export class KeptWill {
  readonly #bounds: MemoryBounds;
  readonly #stream: object;
  readonly #send: (publication: Publication) => void;
  #will: LastWill | undefined;

  /** @param stream for which there is room for it in the bounds. */
  constructor(bounds: MemoryBounds, stream: object, send: (publication: Publication) => void) {
    this.#bounds = bounds;
    this.#stream = stream;
    this.#send = send;
  }

  keep(will: LastWill | undefined): void {
    this.#will = will;
  }

  forget(): void {
    if (this.#will !== undefined) this.#bounds.forgetWill(this.#stream);
    this.#will = undefined;
  }

  /** What is to be done with it now that the connection has ended. */
  get left(): LeftWill | undefined {
    const will = this.#will;
    if (will === undefined) return undefined;
    return {
      delaySeconds: will.delaySeconds,
      send: () => {
        this.forget();
        this.#send(will.publication);
      },
      forget: () => this.forget(),
    };
  }
}
