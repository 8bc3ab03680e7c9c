/**
 * Cuts a stream of bytes into MQTT control packets, each as the bytes that it came in: whoever looks at a connection hands on
 * exactly what was said, malformed packets included. Source: MQTT 3.1.1 §2.2, the fixed header, which MQTT 5 shares.
 */

/** More length bytes than this make a packet malformed. */
const maxLengthBytes = 4;

export class Frames {
  #kept: Buffer = Buffer.alloc(0);
  /** After a malformed header nothing can be cut any more; what comes is handed on as it comes. */
  #isBroken = false;

  /** @returns the packets that are whole now */
  push(chunk: Buffer): readonly Buffer[] {
    if (this.#isBroken) return [chunk];
    let rest = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const whole: Buffer[] = [];
    for (;;) {
      const length = frameLength(rest);
      if (length === 'malformed') {
        this.#isBroken = true;
        this.#kept = Buffer.alloc(0);
        return [...whole, rest];
      }
      if (length === undefined || rest.length < length) break;
      whole.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.#kept = rest;
    return whole;
  }
}

/** Of the packet that begins here; `undefined` when its header is not whole yet. */
function frameLength(bytes: Buffer): number | 'malformed' | undefined {
  let remaining = 0;
  for (let index = 0; index < maxLengthBytes; index += 1) {
    const byte = bytes[1 + index];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** index;
    if ((byte & 0x80) === 0) return 2 + index + remaining;
  }
  return 'malformed';
}
