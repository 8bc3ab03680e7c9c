/** A store that lags: what clients ask meanwhile is not read beyond a bound, at no way in, and all of it is read and answered afterwards. */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openHttpDoor } from '../../broker/http/http-door.ts';
import { createJournal } from '../../broker/journal.ts';
import { Inflow } from '../../broker/net/inflow.ts';
import type { RowChange, Store } from '../../broker/store/store.ts';
import { fakeService } from '../support/fake-service.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { closeDoors, openDoor } from '../support/mqtt-door.ts';
import { connectBy, openDoorFor, waysIn } from '../support/ways-in.ts';
import { WireClient } from '../support/wire-client.ts';

afterEach(closeDoors);

interface Commit {
  readonly changes: readonly RowChange[];
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A store whose commits end when the test says so. */
function heldStore() {
  const commits: Commit[] = [];
  let began: (() => void) | undefined;
  const store: Store = {
    name: 'held',
    rows: () => [],
    lastCommitAt: undefined,
    commit(changes) {
      return new Promise<void>((done, fail) => {
        commits.push({ changes, done, fail });
        began?.();
      });
    },
    close() {},
  };
  /** The commit of this number, from 0, once it is under way. */
  const commit = async (number: number): Promise<Commit> => {
    while (commits.length <= number) await new Promise<void>((resolve) => (began = resolve));
    return commits[number]!;
  };
  return { store, commits, commit };
}

const clock = createManualClock();
const row = (bytes: number): RowChange => ({ table: 'shadow', key: 'lamp/', row: { text: 'x'.repeat(bytes) } });

async function someTurns(count = 40): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await endOfTurn();
}

describe('a journal', () => {
  const maxBytes = 10_000;

  it('holds the inflow above its bound, what is under way counted, until half of it has been kept', async () => {
    const { store, commit } = heldStore();
    const inflow = new Inflow();
    const journal = createJournal(store, clock, () => {}, inflow, maxBytes);
    const seen: boolean[] = [];
    const keep = (bytes: number): void => {
      journal.keep([row(bytes)], () => {});
      seen.push(inflow.isHeld);
    };
    keep(6000);
    const first = await commit(0);
    keep(2000);
    keep(4000);
    first.done();
    const second = await commit(1);
    seen.push(inflow.isHeld);
    second.done();
    await journal.drained();
    seen.push(inflow.isHeld);
    // After the first commit more than half of the bound is left.
    expect(seen).toEqual([false, false, true, true, false]);
  });

  it('counts who waits for an answer, whether or not it changes anything', async () => {
    const { store, commit } = heldStore();
    const inflow = new Inflow();
    const journal = createJournal(store, clock, () => {}, inflow, maxBytes);
    journal.keep([row(1)], () => {});
    const first = await commit(0);
    for (let count = 0; count < 100; count += 1) journal.keep([], () => {});
    expect(inflow.isHeld).toBe(true);
    first.done();
    await journal.drained();
    expect(inflow.isHeld).toBe(false);
  });

  it('lets go when the store has failed: everybody is refused then', async () => {
    const { store, commit } = heldStore();
    const inflow = new Inflow();
    const failures: unknown[] = [];
    const journal = createJournal(store, clock, (error) => failures.push(error), inflow, maxBytes);
    const kept: boolean[] = [];
    for (let count = 0; count < 4; count += 1) journal.keep([row(4000)], (isKept) => kept.push(isKept));
    const full = new Error('disk full');
    (await commit(0)).fail(full);
    await journal.drained();
    expect({ isHeld: inflow.isHeld, failures, kept }).toEqual({
      isHeld: false,
      failures: [full],
      kept: [false, false, false, false],
    });
  });
});

describe('while the inflow is held', () => {
  it.each(waysIn)('nothing is read that comes by $name, and all of it later', async (way) => {
    const inflow = new Inflow();
    const { door, service } = await openDoorFor(way, { inflow });
    const client = await connectBy(door, way, { clientId: 'lamp' });
    await client.subscribe(['$aws/things/lamp/jobs/get/accepted']);
    const asked = service.commands.length;
    inflow.hold(true);
    for (let times = 0; times < 2; times += 1) client.publish('$aws/things/lamp/jobs/get', '{}');
    await someTurns();
    expect(service.commands).toHaveLength(asked);
    inflow.hold(false);
    await service.asked(asked + 2);
    await client.until(() => client.messages.length === 2);
  });

  it('an HTTP request waits, and whether the service is well is answered', async () => {
    const inflow = new Inflow();
    const port = fakeService();
    const http = await openHttpDoor({
      port,
      inflow,
      handled: new Set(['iot:ListThings']),
      listeners: { http: 0 },
      status: () => ({ endpoints: {}, connectedClients: 0 }),
    });
    const url = `http://127.0.0.1:${http.ports.http!}`;
    inflow.hold(true);
    const things = fetch(`${url}/things`);
    const wellness = await Promise.all(['/healthz', '/metrics'].map((path) => fetch(url + path)));
    expect(wellness.map(({ status }) => status)).toEqual([200, 200]);
    await someTurns();
    expect(port.commands).toEqual([]);
    inflow.hold(false);
    expect((await things).status).toBe(200);
    await http.close();
  });
});

describe('clients that send more than a store keeps', () => {
  const maxBytes = 1_000_000;
  const [clients, messages] = [8, 20];
  const payload = Buffer.alloc(100_000, 'x');

  it('fill no memory beyond the bound, and every message is kept and acknowledged in the end', async () => {
    const { store, commits, commit } = heldStore();
    const inflow = new Inflow();
    const isHeld = new Promise<void>((resolve) => inflow.onChange(() => resolve()));
    const journal = createJournal(store, clock, () => {}, inflow, maxBytes);
    const sessionStore = {
      rows: () => [],
      keep: (change: RowChange) => journal.keep([change], () => {}),
      kept: () => new Promise<void>((resolve) => journal.keep([], () => resolve())),
    };
    const { port } = await openDoor({ sessionStore, inflow, packetsPerSecond: 1_000_000 });
    const speakers = await Promise.all(
      Array.from({ length: clients }, (_, index) => WireClient.connect(port, { clientId: `speaker-${index}` })),
    );
    for (const [index, speaker] of speakers.entries()) {
      for (let number = 0; number < messages; number += 1) {
        speaker.publish(`state/${index}/${number}`, payload, { retain: true });
      }
    }
    await isHeld;
    await someTurns();
    const acknowledged = Promise.all(speakers.map((speaker) => speaker.acknowledged(messages)));
    const progress = { isOver: false };
    void acknowledged.then(() => (progress.isOver = true));
    for (let number = 0; !progress.isOver; number += 1) {
      (await Promise.race([commit(number), acknowledged.then(() => undefined)]))?.done();
    }
    const sizes = commits.map(({ changes }) => JSON.stringify(changes).length);
    // One message more may be read where the bound is passed.
    expect(Math.max(...sizes)).toBeLessThan(maxBytes + 2 * payload.length);
    expect(commits.flatMap(({ changes }) => changes)).toHaveLength(clients * messages);
    await journal.drained();
  });
});
