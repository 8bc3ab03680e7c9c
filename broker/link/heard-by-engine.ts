/**
 * What the engine hears from its doors, one entry of the table for each kind: what devices and operators ask, rows of sessions, what
 * is published for the clients of other doors, and what a door wants to be told. How doors come and go is engine-end.ts's business.
 */
import { type RequestOperation, type RequestTopic, parseJobsTopic } from '../../protocol/topics.ts';
import type { ServicePort, TakeWritten } from '../engine/port.ts';
import type { PassedMessage } from '../mqtt/passing.ts';
import type { LinkedDoor, OutcomeJournal } from './linked-door.ts';
import { type FromDoor, firstRequestKind, kinds, requestKinds } from './messages.ts';
import type { SessionPlaces } from './session-places.ts';
import type { TellingAgain } from './telling-again.ts';

export interface EngineHearing {
  readonly port: ServicePort;
  /** Those that hear. */
  readonly doors: ReadonlySet<LinkedDoor>;
  readonly takeWritten: TakeWritten;
  /** Absent: sessions do not outlive the service. */
  readonly places: SessionPlaces | undefined;
  readonly journal: OutcomeJournal | undefined;
  readonly again: TellingAgain;
  /** What a door tells for whoever listens here. */
  readonly onTold: ((event: unknown, door: number) => void) | undefined;
}

type Kind = FromDoor[0];
type Entry<K extends Kind> = Extract<FromDoor, readonly [K, ...unknown[]]>;
type Table = { readonly [K in Exclude<Kind, 'hello'>]: (door: LinkedDoor, entry: Entry<K>) => void };

/** By kind. */
const operations: RequestOperation[] = [];
for (const [operation, kind] of Object.entries(requestKinds))
  operations[kind - firstRequestKind] = operation as RequestOperation;

export class HeardByEngine {
  readonly #with: EngineHearing;
  #nextPass = 1;

  constructor(hearing: EngineHearing) {
    this.#with = hearing;
  }

  readonly #table: Table = {
    ask: (door, [, id, name, request]) => {
      const command = { name, request } as Parameters<ServicePort['submit']>[0];
      this.#with.port.submit(command, (reply, at) => door.line.say(['answer', id, reply, at]));
    },
    keep: (door, [, change]) => {
      const { places, journal } = this.#with;
      const [pending] = door.foreseen.values();
      places?.apply(change);
      if (pending === undefined) journal?.keep([change], () => {});
      else pending.rows.push(change);
    },
    foreseen: (door, [, id]) => {
      const pending = door.foreseen.get(id);
      door.foreseen.delete(id);
      pending?.letGo(pending.rows);
    },
    settle: (door, [, id]) => {
      const { journal } = this.#with;
      if (journal === undefined) door.line.say(['settled', id, true]);
      else void settle(door, journal, id);
    },
    interests: (door, [, interests]) => {
      door.interests.set('everything', false);
      for (const interest of interests) door.interests.add(interest);
    },
    interest: (door, [, interest, has, id]) => {
      door.interests.set(interest, has);
      if (id !== undefined) door.line.say(['known', id]);
      if (has) this.#with.again.begin(door, interest);
    },
    told: (door, [, told]) => this.#with.again.compare(door, told),
    keepers: (door, [, any]) => void (door.hasKeepers = any),
    group: (door, [, name, has]) => {
      if (has) door.groups.add(name);
      else door.groups.delete(name);
    },
    pass: (door, [, message]) => this.#pass(door, message),
    passed: (door, [, id]) => {
      door.passed.get(id)?.isKept();
      door.passed.delete(id);
    },
    released: (door, [, generation]) => this.#with.places?.released(door, generation),
    leave: (door) => {
      const { places } = this.#with;
      if (places === undefined) door.line.say(['left']);
      else places.leave(door);
    },
    alive: () => {},
    tell: (door, [, event]) => this.#with.onTold?.(event, door.number),
  };

  hear(door: LinkedDoor, entry: FromDoor): void {
    if (entry[0] !== 'hello') (this.#table[entry[0]] as (door: LinkedDoor, heard: typeof entry) => void)(door, entry);
  }

  /** On a topic as it is. */
  hearRequest(door: LinkedDoor, kind: number, id: number, topic: string, payload: Buffer): void {
    const parsed = parseJobsTopic(topic);
    if (kind !== kinds.request || parsed?.kind !== 'request') throw new Error(`a door asks on ${topic}`);
    this.#take(door, id, parsed, payload);
  }

  /** @param job empty where the operation has none */
  hearAbout(
    door: LinkedDoor,
    kind: number,
    id: number,
    thingName: string,
    job: string,
    payload: Buffer | string,
  ): void {
    const operation = operations[kind - firstRequestKind];
    if (operation === undefined) throw new Error(`a door says something of kind ${kind}`);
    const topic: RequestTopic =
      job === '' ? { kind: 'request', thingName, operation } : { kind: 'request', thingName, operation, jobId: job };
    this.#take(door, id, topic, payload);
  }

  #take({ line }: LinkedDoor, id: number, topic: RequestTopic, payload: Buffer | string): void {
    this.#with.takeWritten(topic, payload, (told) => {
      if ('code' in told) line.say(['refusal', id, told]);
      else {
        const { accepted, unreadable = '' } = told;
        line.sayBytes(accepted ? kinds.accepted : kinds.rejected, id, unreadable, told.payload);
      }
    });
  }

  /** To every other door that has somebody for it; of a group that shares a subscription one door has it. */
  #pass(by: LinkedDoor, message: PassedMessage): void {
    const { doors, places, journal } = this.#with;
    const served = new Set(message.groups);
    for (const other of doors) {
      if (other === by) continue;
      // Events of clients, which most have nobody for.
      if (message.topic.startsWith('$aws/') && !other.interests.wantsTopic(message.topic)) continue;
      const groups = [...other.groups].filter((group) => !served.has(group));
      for (const group of groups) served.add(group);
      this.#passTo(other, { ...message, groups }, by);
    }
    const rows = places?.passed(message, by) ?? [];
    if (rows.length > 0) journal?.keep(rows, () => {});
  }

  /** What is published at QoS 1 is acknowledged when every door with persistent sessions has kept it. */
  #passTo(to: LinkedDoor, message: PassedMessage, by: LinkedDoor): void {
    if (message.qos === 0 || !to.hasKeepers || this.#with.places === undefined) return to.line.say(['pass', message]);
    const id = this.#nextPass++;
    to.line.say(['pass', message, id]);
    const kept = new Promise<void>((isKept) => to.passed.set(id, { message, isKept }));
    by.passing.add(kept);
    void kept.then(() => by.passing.delete(kept));
  }
}

async function settle(door: LinkedDoor, journal: OutcomeJournal, id: number): Promise<void> {
  if (door.passing.size > 0) await Promise.all(door.passing);
  journal.keep([], (kept) => door.line.say(['settled', id, kept]));
}
