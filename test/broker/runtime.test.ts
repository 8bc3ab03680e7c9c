/** The runtime's promises: one answer each, in order, effects after their reply, nothing said before it is kept. */
import { afterEach, describe, expect, it } from 'vitest';
import { scaledClock } from '../../broker/clock.ts';
import type { Effect, Engine, Outcome } from '../../broker/engine/contract.ts';
import { createJournal } from '../../broker/journal.ts';
import { createRuntime } from '../../broker/runtime.ts';
import type { RowChange, Store } from '../../broker/store/store.ts';
import { notify } from '../support/fake-service.ts';
import { createManualClock } from '../support/manual-clock.ts';

const get = (thingName: string) => ({ name: 'iotjobsdata:GetPendingJobExecutions', request: { thingName } }) as const;

interface StubEngine extends Engine {
  readonly applied: string[];
  deadline: number | undefined;
}

/** Every command changes a row and notifies; Wake takes `slices` times until its deadline is gone. */
function stubEngine({ slices = 0 } = {}): StubEngine {
  let slicesLeft = slices;
  return {
    applied: [],
    deadline: undefined,
    apply(command) {
      if (command.name === 'jobrig:Wake') {
        this.applied.push('wake');
        if ((slicesLeft -= 1) <= 0) this.deadline = undefined;
        return outcome('wake', []);
      }
      const { thingName } = command.request as { thingName: string };
      this.applied.push(thingName);
      return outcome(thingName, [notify(thingName)]);
    },
    nextDeadline() {
      return this.deadline;
    },
    rows: () => [],
  };
}

function outcome(key: string, effects: readonly Effect[]): Outcome<never> {
  const reply = { accepted: true, response: undefined } as never;
  return { reply, changes: [{ table: 'thing', key, row: {} }], effects };
}

/** A store whose commits end when the test says so. */
function slowStore() {
  const turns: string[][] = [];
  const ends: { readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
  let began: (() => void) | undefined;
  const store: Store = {
    name: 'slow',
    rows: () => [],
    lastCommitAt: undefined,
    commit(changes: readonly RowChange[]) {
      turns.push(changes.map(({ key }) => key));
      began?.();
      return new Promise<void>((done, fail) => ends.push({ done, fail }));
    },
    close() {},
  };
  return {
    store,
    turns,
    end: () => ends.shift()!.done(),
    fail: (error: Error) => ends.shift()!.fail(error),
    async begun(count: number) {
      while (turns.length < count) await new Promise<void>((resolve) => (began = resolve));
    },
  };
}

describe('without a store', () => {
  it('answers in the same turn, effects after the reply', () => {
    const runtime = createRuntime({ engine: stubEngine(), clock: createManualClock() });
    const said: string[] = [];
    runtime.onEffect(({ kind }) => said.push(kind));
    runtime.submit(get('one'), () => said.push('reply'));
    expect(said).toEqual(['reply', 'notify']);
  });

  it('keeps the order when an answer or an effect submits the next command', () => {
    const runtime = createRuntime({ engine: stubEngine(), clock: createManualClock() });
    const said: string[] = [];
    runtime.onEffect((effect) => {
      const thing = effect.kind === 'notify' ? effect.thingName : '';
      said.push(`notify ${thing}`);
      if (thing === 'one') runtime.submit(get('three'), () => said.push('reply three'));
    });
    runtime.submit(get('one'), () => {
      said.push('reply one');
      runtime.submit(get('two'), () => said.push('reply two'));
    });
    expect(said).toEqual(['reply one', 'notify one', 'reply two', 'notify two', 'reply three', 'notify three']);
  });

  it('stops telling a listener that has left', () => {
    const runtime = createRuntime({ engine: stubEngine(), clock: createManualClock() });
    const heard: Effect[] = [];
    const leave = runtime.onEffect((effect) => heard.push(effect));
    leave();
    runtime.submit(get('one'), () => {});
    expect(heard).toEqual([]);
  });
});

describe('with a store', () => {
  it('says nothing before it is kept, keeps a turn in one commit, and keeps the order', async () => {
    const { store, turns, begun, end } = slowStore();
    const clock = createManualClock();
    const runtime = createRuntime({ engine: stubEngine(), clock, journal: createJournal(store, clock, () => {}) });
    const said: string[] = [];
    runtime.onEffect((effect) => said.push(`notify ${effect.kind === 'notify' ? effect.thingName : ''}`));
    const ask = (thing: string): void => runtime.submit(get(thing), () => said.push(`reply ${thing}`));
    ask('one');
    ask('two');
    await begun(1);
    ask('three');
    ask('four');
    expect(said).toEqual([]);
    end();
    await begun(2);
    expect(said).toEqual(['reply one', 'notify one', 'reply two', 'notify two']);
    end();
    await runtime.close();
    expect(said.slice(4)).toEqual(['reply three', 'notify three', 'reply four', 'notify four']);
    expect(turns).toEqual([
      ['one', 'two'],
      ['three', 'four'],
    ]);
  });

  it('refuses what it could not keep and everything after, stores and says nothing of it, and reports why', async () => {
    const { store, turns, begun, fail } = slowStore();
    const engine = stubEngine();
    const failures: unknown[] = [];
    const clock = createManualClock();
    const journal = createJournal(store, clock, (error) => failures.push(error));
    const runtime = createRuntime({ engine, clock, journal });
    const said: unknown[] = [];
    runtime.onEffect((effect) => said.push(effect));
    const ask = (thing: string): void =>
      runtime.submit(get(thing), (reply) => said.push(reply.accepted ? thing : reply.code));
    ask('one');
    await begun(1);
    ask('two');
    const full = new Error('disk full');
    fail(full);
    await runtime.close();
    ask('three');
    expect(said).toEqual(['InternalError', 'InternalError', 'InternalError']);
    expect(engine.applied).toEqual(['one', 'two']);
    expect(failures).toEqual([full]);
    expect(turns).toEqual([['one']]);
  });

  it('lets a listener keep what follows from an effect in the same commit, and tells it afterwards', async () => {
    const { store, turns, begun, end } = slowStore();
    const clock = createManualClock();
    const journal = createJournal(store, clock, () => {});
    const runtime = createRuntime({ engine: stubEngine(), clock, journal });
    const said: string[] = [];
    runtime.onEffect(
      () => said.push('told'),
      () => journal.keep([{ table: 'mqttMessage', key: 'waiting', row: {} }], () => said.push('kept')),
    );
    runtime.submit(get('one'), () => said.push('reply'));
    await begun(1);
    expect(said).toEqual([]);
    end();
    await runtime.close();
    expect(turns).toEqual([['waiting', 'one']]);
    expect(said).toEqual(['kept', 'reply', 'told']);
  });
});

describe('the timer', () => {
  it('stands still until there is somebody to be told', () => {
    const engine = stubEngine();
    const clock = createManualClock(1000);
    engine.deadline = 500;
    const runtime = createRuntime({ engine, clock });
    clock.advance(1000);
    expect(engine.applied).toEqual([]);
    runtime.begin();
    clock.advance(0);
    expect(engine.applied).toEqual(['wake']);
  });

  it('wakes the engine at its deadline, again while the deadline is past, and then not any more', () => {
    const engine = stubEngine({ slices: 3 });
    const clock = createManualClock(1000);
    engine.deadline = 5000;
    createRuntime({ engine, clock }).begin();
    clock.advance(3999);
    expect(engine.applied).toEqual([]);
    clock.advance(1);
    expect(engine.applied).toEqual(['wake', 'wake', 'wake']);
    clock.advance(100_000);
    expect(engine.applied).toHaveLength(3);
  });

  it('is set anew when a command brings an earlier deadline, and not left over', () => {
    const engine = stubEngine({ slices: 1 });
    const clock = createManualClock(1000);
    engine.deadline = 9000;
    const runtime = createRuntime({ engine, clock });
    runtime.begin();
    engine.deadline = 2000;
    runtime.submit(get('one'), () => {});
    clock.advance(1000);
    expect(engine.applied).toEqual(['one', 'wake']);
    clock.advance(100_000);
    expect(engine.applied).toEqual(['one', 'wake']);
  });

  it('serves devices between slices of bulk work', async () => {
    const engine = stubEngine({ slices: 5 });
    const clock = scaledClock();
    engine.deadline = clock.now();
    const runtime = createRuntime({ engine, clock });
    runtime.begin();
    await new Promise<void>((resolve) => {
      setImmediate(() => setImmediate(() => runtime.submit(get('device'), () => resolve())));
    });
    expect(engine.applied.indexOf('device')).toBeLessThan(5);
    await runtime.close();
  });

  it('stops when the runtime is closed, and later commands are refused', async () => {
    const engine = stubEngine({ slices: 1 });
    const clock = createManualClock(1000);
    engine.deadline = 5000;
    const runtime = createRuntime({ engine, clock });
    runtime.begin();
    await runtime.close();
    clock.advance(10_000);
    let code: string | undefined;
    runtime.submit(get('one'), (reply) => (code = reply.accepted ? undefined : reply.code));
    expect([engine.applied, code]).toEqual([[], 'InternalError']);
  });
});

describe('the scaled clock', () => {
  const timers: (() => void)[] = [];
  afterEach(() => timers.splice(0).forEach((cancel) => cancel()));

  it('runs as many times faster as it is told, and fires at service time, never early', async () => {
    const clock = scaledClock(10_000);
    const at = clock.now() + 60_000;
    const firedAt = await new Promise<number>((resolve) => clock.setTimer(at, () => resolve(clock.now())));
    expect(firedAt).toBeGreaterThanOrEqual(at);
  });

  it('takes a timer beyond what setTimeout can wait, and takes it back', () => {
    const clock = scaledClock();
    let fired = false;
    const cancel = clock.setTimer(clock.now() + 2 ** 40, () => (fired = true));
    timers.push(cancel);
    cancel();
    expect(fired).toBe(false);
  });
});
