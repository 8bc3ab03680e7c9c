/**
 * Calls that do not return, under the watch as it was built, in a process of their own: one that cannot be cut ends it. The argument
 * says which: `loops` are cut one after the other, and so many are told; in a `generator` nothing can be cut.
 */
import { createBoard } from '../../dist/agent/board/board.js';
import { Unreturned, createCallWatch } from '../../dist/agent/call-watch.js';
import { startFleet } from '../../dist/agent/fleet.js';

function turn() {
  for (let turns = 0; ; turns = (turns + 1) % 7) if (turns > 7) return turns;
}

function some() {
  let sum = 0;
  for (let turns = 0; turns < 100_000; turns += 1) sum += turns;
  return sum;
}

function descend(depth) {
  return depth === 0 ? 0 : 1 + descend(depth - 1);
}

function* forEver() {
  for (let turns = 0; ; turns = (turns + 1) % 7) if (turns > 7) yield [];
}

const loops = [
  turn,
  () => [1].map(() => [2].map(turn)),
  function caught() {
    for (;;) {
      try {
        JSON.parse('{');
      } catch {
        // And again.
      }
    }
  },
  function anew() {
    for (;;) {
      try {
        some();
      } finally {
        // eslint-disable-next-line no-unsafe-finally
        continue;
      }
    }
  },
  function calls() {
    for (;;) descend(100);
  },
];

function never() {}

function cut(watch, loop) {
  try {
    watch.during(() => 'thing-1 hangs', loop);
    return 'returned';
  } catch (error) {
    return error instanceof Unreturned ? 'cut' : `threw ${error}`;
  }
}

async function cutAll() {
  const watch = createCallWatch(100);
  const told = [];
  for (const loop of [...loops, ...loops]) {
    told.push(cut(watch, loop));
    // What comes after goes on.
    if (watch.during(String, () => 7) !== 7) told.push('wrong');
  }
  await Promise.resolve().then(() => told.push(cut(watch, turn)));
  await new Promise((done) => setTimeout(() => done(told.push(cut(watch, turn))), 0));
  process.stdout.write(told.join(' '));
}

function boardThat(hangs) {
  return (options) => {
    const board = createBoard(options);
    const { thingName, keepAliveMs } = board;
    return { thingName, keepAliveMs, apply: hangs, nextDeadline: never, nextSign: never, view: () => board.view() };
  };
}

if (process.argv[2] === 'loops') await cutAll();
else {
  const boardOf = boardThat(() => [...forEver()]);
  await startFleet({ endpoint: 'mqtt://127.0.0.1:9', things: 1, boardOf, watch: createCallWatch(200) });
}
