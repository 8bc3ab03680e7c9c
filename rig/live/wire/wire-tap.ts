/**
 * A tap between a device's connection and the MQTT door: each control packet is shown to a watch, which lets it pass, drops
 * it, repeats it or holds it back, and which may say something itself to either side. So faults of the link and of single
 * messages reach any device, whatever its firmware, and the door does not know. Without a watch's word the bytes pass as they are.
 */
import { Duplex } from 'node:stream';
import { type Packet, generate, parser } from 'mqtt-packet';
import { Frames } from './frames.ts';

/** What becomes of a packet. */
export type Passage =
  | 'pass'
  | 'drop'
  /** Passes, and so much later once more. */
  | { readonly againMs: number }
  /** Passes so much later; others overtake it. */
  | { readonly lateMs: number };

/** One connection, for its watch. */
export interface TappedConnection {
  /** Says something to the device, as if the door had. */
  tellDevice(packet: Packet): void;
  /** Says something to the door, as if the device had. */
  tellDoor(packet: Packet): void;
  /** Nothing passes in either direction, until {@link thaw}. */
  freeze(): void;
  thaw(): void;
  /** The connection breaks at once, as when the network does. */
  drop(): void;
}

export interface Watch {
  fromDevice(packet: Packet): Passage;
  toDevice(packet: Packet): Passage;
  /** @param by who ended it */
  closed(by: 'device' | 'door' | 'watch'): void;
}

/** @returns the stream that the door gets */
export function tapped(wire: Duplex, watch: (connection: TappedConnection) => Watch): Duplex {
  return new WireTap(wire, watch).door;
}

/** One direction: frames in, what the watch lets pass out. */
interface Way {
  readonly frames: Frames;
  readonly write: (bytes: Buffer) => void;
  readonly ask: (packet: Packet) => Passage;
  readonly parse: (frame: Buffer) => Packet | undefined;
  /** What came while the connection was frozen. */
  waiting: Buffer[];
}

class WireTap implements TappedConnection {
  readonly door: Duplex;
  readonly #wire: Duplex;
  readonly #watch: Watch;
  readonly #up: Way;
  readonly #down: Way;
  readonly #timers = new Set<NodeJS.Timeout>();
  #protocolVersion = 4;
  #isFrozen = false;
  #endedBy: 'device' | 'door' | 'watch' | undefined;

  constructor(wire: Duplex, watch: (connection: TappedConnection) => Watch) {
    this.#wire = wire;
    this.#watch = watch(this);
    this.door = new Duplex({
      // Once the device has gone and all that it said is read, the door's side is over, too.
      allowHalfOpen: false,
      read: () => void wire.resume(),
      write: (chunk: Buffer, _encoding, done) => {
        this.#take(this.#down, chunk);
        done();
      },
      final: (done) => {
        this.#end('door');
        done();
      },
      destroy: (error, done) => {
        this.#end('door');
        done(error);
      },
    });
    this.#up = this.#way(
      (packet) => this.#watch.fromDevice(packet),
      (bytes) => {
        if (!this.door.destroyed && !this.door.push(bytes)) wire.pause();
      },
    );
    this.#down = this.#way(
      (packet) => this.#watch.toDevice(packet),
      (bytes) => {
        if (!wire.destroyed) wire.write(bytes);
      },
    );
    wire.on('data', (chunk: Buffer) => this.#take(this.#up, chunk));
    wire.on('error', () => this.#end('device'));
    wire.on('close', () => this.#end('device'));
    wire.on('end', () => this.#end('device'));
  }

  tellDevice(packet: Packet): void {
    this.#down.write(this.#bytesOf(packet));
  }

  tellDoor(packet: Packet): void {
    this.#up.write(this.#bytesOf(packet));
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    for (const way of [this.#up, this.#down]) for (const frame of way.waiting.splice(0)) this.#pass(way, frame);
  }

  drop(): void {
    this.#end('watch');
  }

  #way(ask: Way['ask'], write: Way['write']): Way {
    return { frames: new Frames(), ask, write, parse: (frame) => this.#parse(frame), waiting: [] };
  }

  #take(way: Way, chunk: Buffer): void {
    for (const frame of way.frames.push(chunk)) {
      if (this.#isFrozen) way.waiting.push(frame);
      else this.#pass(way, frame);
    }
  }

  #pass(way: Way, frame: Buffer): void {
    if (this.#endedBy !== undefined) return;
    const packet = way.parse(frame);
    const passage = packet === undefined ? 'pass' : way.ask(packet);
    if (passage === 'drop') return;
    if (typeof passage === 'object' && 'lateMs' in passage) return this.#later(passage.lateMs, () => way.write(frame));
    way.write(frame);
    if (passage === 'pass') return;
    if (passage.againMs === 0) way.write(frame);
    else this.#later(passage.againMs, () => way.write(frame));
  }

  #later(afterMs: number, happen: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      happen();
    }, afterMs);
    this.#timers.add(timer);
  }

  /** A packet that cannot be read is for the door to refuse. */
  #parse(frame: Buffer): Packet | undefined {
    let found: Packet | undefined;
    const reader = parser({ protocolVersion: this.#protocolVersion });
    reader.on('packet', (packet) => {
      found = packet;
    });
    reader.on('error', () => {});
    reader.parse(frame);
    if (found?.cmd === 'connect') this.#protocolVersion = found.protocolVersion ?? 4;
    return found;
  }

  #bytesOf(packet: Packet): Buffer {
    return generate(packet, { protocolVersion: this.#protocolVersion });
  }

  #end(by: 'device' | 'door' | 'watch'): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = by;
    for (const timer of this.#timers) clearTimeout(timer);
    // What either side said last still arrives: a report just before the end, a CONNACK that refuses.
    if (by === 'device') this.door.push(null);
    else this.door.destroy();
    if (by === 'door' && !this.#isFrozen) this.#wire.end();
    else this.#wire.destroy();
    this.#watch.closed(by);
  }
}
