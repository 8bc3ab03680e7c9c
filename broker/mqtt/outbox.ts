/**
 * The way out to one client: packets gathered, so that all that a request causes (its PUBACK, its reply, notifications) leaves
 * in one write. It remembers nothing of what has left; which messages are unacknowledged is the session's business.
 */
import type { ClientStream } from './client-stream.ts';
import { Disconnection } from './disconnection.ts';
import type { Message } from './message.ts';
import { FewAtOnce } from '../net/turns.ts';
import { Slab, pubackBytes, roomFor, writePuback, writePublish } from './packet-writer.ts';

/** What a client may leave unread in our memory before it is cut off. */
const maxUnreadBytes = 1024 * 1024;
/** More of what can wait is not sent to a client that has this much to read. */
const enoughBytes = 512 * 1024;
/** What is gathered counts as memory from here on; it leaves soon, unless very much is said to very many. */
const countedBytes = 64 * 1024;
/** What one entry takes beside its topic and payload. */
const entryBytes = 64;
/** How long a client may leave its socket full. */
const maxUnreadMs = 5000;

/** A message, a packet that is written already, or a number: a PUBACK when negative, else the id of the message before it. */
type Outgoing = Message | Buffer | number;

export class Outbox {
  readonly #stream: ClientStream;
  readonly #gathersTurns: boolean;
  /**
   * Absent: nothing. A list that waits here for the next message would be old by then, and the collector takes whatever an old list
   * holds for alive, also when nobody has the list any more.
   */
  #gathered: (Outgoing | undefined)[] | undefined;
  #gatheredCount = 0;
  #gatheredBytes = 0;
  #held = 0;
  /** Something in it is an answer, which others wait behind. */
  #isUrgent = false;
  #leavesFirst = false;
  #inCrowd = false;
  #full: NodeJS.Timeout | undefined;

  /** @param gathersTurns false where turns are gathered before: what is settled together leaves as soon as it is. */
  constructor(stream: ClientStream, gathersTurns = true) {
    this.#stream = stream;
    this.#gathersTurns = gathersTurns;
  }

  /** Lets nothing leave until {@link release}: more is to come. */
  hold(): void {
    this.#held += 1;
  }

  /** Undoes one {@link hold}. What is added later in the same turn still leaves with the rest. */
  release(): void {
    this.#held -= 1;
    this.#leaveSoon();
  }

  acknowledge(messageId: number): void {
    this.#gather(-messageId);
    this.#isUrgent = true;
    this.#leaveSoon();
  }

  #gather(what: Outgoing): void {
    // With room for an answer and what follows from it; a list that is pushed to grows to three times as much.
    if (this.#gathered === undefined) this.#gathered = [what, undefined, undefined, undefined, undefined];
    else this.#gathered[this.#gatheredCount] = what;
    this.#gatheredCount += 1;
  }

  /** @param messageId for QoS 1. */
  publish(message: Message, messageId = 0): void {
    this.#gather(message);
    if (messageId > 0) {
      this.#gather(messageId);
      this.#stream.awaitAcknowledgement();
    }
    if (message.isReply === true) this.#isUrgent = true;
    this.#gatheredBytes += entryBytes + message.topic.length + message.payload.length;
    this.#leaveSoon();
    if (this.#inCrowd && this.#gatheredBytes > countedBytes) this.#stream.countUnread(this.#gatheredBytes);
  }

  /** The client has much to read, so that what can wait should. */
  get hasEnough(): boolean {
    return this.#gatheredBytes + this.#stream.unreadBytes > enoughBytes;
  }

  /** @param packet in the client's version of MQTT. */
  send(packet: Buffer): void {
    this.#gather(packet);
    this.#isUrgent = true;
    this.#leaveSoon();
  }

  /** Past all that is gathered or held. */
  sendAtOnce(packet: Buffer): void {
    const stream = this.#stream;
    if (!stream.isGone && !stream.send(packet)) this.#waitForRoom();
  }

  #leaveSoon(): void {
    if (this.#held > 0) return;
    if (!this.#isUrgent) {
      if (this.#inCrowd) return;
      this.#inCrowd = true;
      crowd.push(this);
      departSoon();
    } else if (!this.#leavesFirst) {
      this.#leavesFirst = true;
      if (!this.#gathersTurns) process.nextTick(leave, this);
      else {
        first.push(this);
        departSoon();
      }
    }
  }

  /** In its turn among many that are told the same. */
  leaveCrowd(): void {
    this.#inCrowd = false;
    this.leave();
  }

  leave(): void {
    this.#isUrgent = false;
    this.#leavesFirst = false;
    const gathered = this.#gathered;
    if (this.#held > 0 || gathered === undefined) return;
    const stream = this.#stream;
    if (this.#gatheredBytes > countedBytes) stream.countUnread();
    const count = this.#gatheredCount;
    this.#gathered = undefined;
    this.#gatheredCount = 0;
    this.#gatheredBytes = 0;
    if (stream.isGone) return;
    const bytes = this.#encode(gathered, count);
    const hasRoom = stream.send(bytes);
    if (!stream.holdsNothing) slab.keep(bytes);
    if (!hasRoom) this.#waitForRoom();
  }

  /** A client that asks and never reads must not fill our memory. */
  #waitForRoom(): void {
    const stream = this.#stream;
    if (stream.unreadBytes > maxUnreadBytes) {
      stream.destroy(new Disconnection('quotaExceeded', 'does not read what it is sent'));
      return;
    }
    stream.countUnread();
    if (this.#full !== undefined) return;
    const tooSlow = (): void => evictions.do(() => cutOff(stream));
    this.#full = setTimeout(tooSlow, maxUnreadMs).unref();
    const done = (): void => {
      clearTimeout(this.#full);
      this.#full = undefined;
      stream.countUnread();
      stream.off('drain', done).off('close', done);
    };
    stream.once('drain', done).once('close', done);
  }

  #encode(gathered: readonly (Outgoing | undefined)[], count: number): Buffer {
    const { version } = this.#stream;
    let room = 0;
    for (let index = 0; index < count; index += 1) room += roomOf(gathered[index]!);
    slab.makeRoom(room);
    const { bytes } = slab;
    let { at } = slab;
    for (let index = 0; index < count; index += 1) {
      const what = gathered[index]!;
      if (typeof what === 'number') {
        if (what < 0) at = writePuback(bytes, at, -what);
      } else if (isMessage(what)) {
        const messageId = what.qos === 0 ? 0 : (gathered[index + 1] as number);
        at = writePublish(bytes, at, version, what, messageId);
      } else at += what.copy(bytes, at);
    }
    return slab.cut(at);
  }
}

function roomOf(what: Outgoing): number {
  if (typeof what === 'number') return pubackBytes;
  return isMessage(what) ? roomFor(what) : what.length;
}

function isMessage(what: Message | Buffer): what is Message {
  return (what as Message).topic !== undefined;
}

function leave(outbox: Outbox): void {
  outbox.leave();
}

/** Who has something to send at the end of the turn. */
let first: Outbox[] = [];
/** Who is told something that many are told, and for all of them together some milliseconds of each turn. */
let crowd: Outbox[] = [];
const crowdMs = 3;
/** Between two looks at the clock. */
const fewInCrowd = 16;
let departs = false;

function departSoon(): void {
  if (departs) return;
  departs = true;
  setImmediate(depart);
}

/** All together: the other side, once woken up by the first of them, finds the others there. */
function depart(): void {
  departs = false;
  const answered = first;
  first = [];
  for (const outbox of answered) outbox.leave();
  if (crowd.length > 0) departCrowd();
}

function departCrowd(): void {
  const until = performance.now() + crowdMs;
  let left = 0;
  for (const outbox of crowd) {
    outbox.leaveCrowd();
    left += 1;
    if (left % fewInCrowd === 0 && performance.now() >= until) break;
  }
  crowd = left === crowd.length ? [] : crowd.slice(left);
  if (crowd.length > 0) departSoon();
}

/** A crowd that has stopped to read at the same time is cut off at the same time. */
const evictions = new FewAtOnce(16);

function cutOff(stream: ClientStream): void {
  stream.destroy(new Disconnection('quotaExceeded', 'reads too slowly what it is sent'));
}

const slab = new Slab();
