/**
 * Ends the process when a call into a device does not return. A loop without end cannot be left from inside: while it turns, no
 * timer rings and Ctrl-C is not heard. A second thread looks on. Once a single call has used far more processor time than any
 * needs, it stops this thread as a debugger does and has it say which device hangs and how to play that again. Time that the
 * host gave to others does not count. In virtual time such a call is cut, and the run goes on to its verdict (rig/live/bounded.ts).
 */
import { closeSync, writeSync } from 'node:fs';
import { Worker, isMainThread } from 'node:worker_threads';
import type { DurationMs } from '../protocol/time.ts';

/** Of processor time; calls take some milliseconds. */
const usualLimitMs: DurationMs = 5000;
/** So often in that time the other thread looks. */
const looks = 10;
/** As for any device that is not valid. */
const exitCode = 1;

/** Looks on at calls, one at a time. */
export interface CallWatch {
  /** @param about which device, what it was given and how to play it again: asked for when the call does not return */
  during<Value>(about: () => string, call: () => Value): Value;
}

/** The other thread. `Debugger.pause` stops a loop wherever it is; the evaluation then ends the process. */
const program = `
const { workerData: { turns, limitMs, lookEveryMs, name } } = require('node:worker_threads');
const { Session } = require('node:inspector');
let turn = 0;
let since = process.cpuUsage();
let session;
// Goes on: without anything to do this thread would end before the answers come.
setInterval(() => {
  const now = Atomics.load(turns, 0);
  if (now !== turn || (now & 1) === 0) {
    turn = now;
    since = process.cpuUsage();
    return;
  }
  const { user, system } = process.cpuUsage(since);
  if (session !== undefined || (user + system) / 1000 < limitMs) return;
  session = new Session();
  session.connectToMainThread();
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const expression = 'globalThis[Symbol.for(' + JSON.stringify(name) + ')]()';
    session.post('Debugger.evaluateOnCallFrame', { callFrameId: callFrames[0].callFrameId, expression });
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}, lookEveryMs);
`;

/** Begins with its first call. Only calls of the main thread are looked at. */
export function createCallWatch(limitMs: DurationMs = usualLimitMs): CallWatch {
  /** Goes up when a call begins and when it returns: odd within one. */
  const turns = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const name = `jobrig.hangs-${limitMs}`;
  let watch: Worker | undefined;
  let words: (() => string) | undefined;

  function open(): Worker {
    // The other thread shares no objects with this one.
    (globalThis as { [key: symbol]: unknown })[Symbol.for(name)] = () => endProcess(words?.() ?? 'a device', limitMs);
    const workerData = { turns, limitMs, lookEveryMs: limitMs / looks, name };
    const worker = new Worker(program, { eval: true, workerData });
    // Nobody waits for it, and without it only a loop goes unnoticed.
    worker.unref();
    worker.on('error', () => {});
    return worker;
  }

  return {
    during(about, call) {
      // A call within another, by an observer, is part of it.
      if (words !== undefined || !isMainThread) return call();
      watch ??= open();
      words = about;
      Atomics.add(turns, 0, 1);
      try {
        return call();
      } finally {
        Atomics.add(turns, 0, 1);
        words = undefined;
      }
    },
  };
}

/** Of all devices of this process. */
export const callWatch = createCallWatch();

function endProcess(about: string, limitMs: DurationMs): never {
  writeSync(2, `jobrig: ${about}: a call took more than ${limitMs / 1000} s of processor time and had not returned\n`);
  // Node would add that it waits for a debugger.
  closeSync(2);
  process.exit(exitCode);
}
