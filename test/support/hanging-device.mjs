/** Starts a fleet, as it was built, of one device whose board does not return from its first call. */
import { createBoard } from '../../dist/agent/board/board.js';
import { createCallWatch } from '../../dist/agent/call-watch.js';
import { startFleet } from '../../dist/agent/fleet.js';

function forEver() {
  for (let turns = 0; ; turns = (turns + 1) % 7) if (turns > 7) return [];
}

function never() {}

function hanging(options) {
  const board = createBoard(options);
  const { thingName, keepAliveMs } = board;
  return { thingName, keepAliveMs, apply: forEver, nextDeadline: never, nextSign: never, view: () => board.view() };
}

await startFleet({
  endpoint: 'mqtt://127.0.0.1:9',
  things: 1,
  boardOf: hanging,
  watch: createCallWatch(200),
  replay: 'npx jobrig demo',
});
