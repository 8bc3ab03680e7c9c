/**
 * Cuts a call into a device that does not return. A loop without end cannot be left from inside: while it turns, no timer rings
 * and Ctrl-C is not heard. A second thread looks on. Once a single call has used far more processor time than any needs, it
 * stops this thread as a debugger does and lets the frame that made the call begin anew, which throws instead. Time that the host
 * gave to others does not count. In virtual time a whole run is cut (rig/live/bounded.ts).
 */
import { closeSync, writeSync } from 'node:fs';
import { Worker, isMainThread } from 'node:worker_threads';
import type { DurationMs } from '../protocol/time.ts';

/** Of processor time; calls take some milliseconds. */
const usualLimitMs: DurationMs = 5000;
/** Of processor time, and far more than a step of a debugger takes: where it has not come, this thread is stopped once more. */
const stepMs: DurationMs = 200;
/** So often in that time the other thread looks. */
const looks = 10;
/** As for any device that is not valid. */
const exitCode = 1;

/** A call was cut in the middle: nothing that it was about can be gone on with. */
export class Unreturned extends Error {
  constructor(about: string, limitMs: DurationMs) {
    super(`${about}: a call took more than ${limitMs / 1000} s of processor time and had not returned`);
  }
}

/** Looks on at calls, one at a time. */
export interface CallWatch {
  /**
   * @param about which device, and what it was given: asked for when the call does not return
   * @throws {Unreturned}
   */
  during<Value>(about: () => string, call: () => Value): Value;
}

/** What both threads see: a count that goes up when a call begins and when it returns, so that it is odd within one; and the limit. */
const [turnAt, limitAt] = [0, 1];
/** The frame that begins anew, by its name. */
const frameName = 'callOnce';

/**
 * The other thread. `Debugger.pause` stops a loop wherever it is, also in optimized code, out of which V8 lets no frame begin anew: one
 * step further nothing is optimized. Where that step does not come, as in Node 26 out of code that throws and catches, there is a
 * breakpoint for it. A frame cannot begin anew, either, while a generator or a function of Node's own is above it: then it is tried
 * some steps further. Where nothing helps the process is ended. What hung once will hang again in other devices: those have less
 * time, down to a tenth.
 */
const program = `
const { workerData: { shared, leastMs, stepMs, lookEveryMs, turnAt, limitAt, name, frameName } } = require('node:worker_threads');
const { Session } = require('node:inspector');
const mostSteps = 100;
const mostPauses = 5;
let turn = 0;
let since = process.cpuUsage();
let session;
let pause;
// Goes on: without anything to do this thread would end before the answers come.
setInterval(() => {
  const now = Atomics.load(shared, turnAt);
  if (now !== turn || (now & 1) === 0) {
    turn = now;
    since = process.cpuUsage();
    return;
  }
  const { user, system } = process.cpuUsage(since);
  if ((user + system) / 1000 < (session === undefined ? Atomics.load(shared, limitAt) : stepMs)) return;
  since = process.cpuUsage();
  if (session === undefined) cut(now);
  else pause();
}, lookEveryMs);

function cut(hanging) {
  let pauses = 0;
  let steps = 0;
  let isStep = false;
  let isCut = false;
  session = new Session();
  session.connectToMainThread();
  pause = () => {
    pauses += 1;
    isStep = false;
    session.post('Debugger.pause');
  };
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const [top] = callFrames;
    if (Atomics.load(shared, turnAt) !== hanging || (isCut && top.functionName === frameName)) return end();
    const frame = callFrames.findLast(({ functionName }) => functionName === frameName);
    const isHopeless = pauses > mostPauses || steps >= mostSteps;
    isCut = isStep && !isHopeless && frame?.canBeRestarted === true;
    if (!isCut && !isHopeless) {
      steps += 1;
      isStep = true;
      if (pauses > 1) session.post('Debugger.setBreakpoint', { location: top.location }, ignore);
      return session.post('Debugger.stepInto');
    }
    const limitMs = Atomics.load(shared, limitAt);
    const expression = 'globalThis[Symbol.for(' + JSON.stringify(name) + ')](' + isCut + ', ' + limitMs + ')';
    session.post('Debugger.evaluateOnCallFrame', { callFrameId: top.callFrameId, expression });
    if (!isCut) return;
    session.post('Debugger.restartFrame', { callFrameId: frame.callFrameId, mode: 'StepInto' });
    Atomics.store(shared, limitAt, Math.max(leastMs, limitMs / 2));
  });
  session.post('Debugger.enable');
  pause();

  function ignore() {}

  function end() {
    session.post('Debugger.resume');
    session.post('Debugger.disable', () => {
      session.disconnect();
      session = undefined;
    });
  }
}
`;

let watches = 0;

/** Begins with its first call. Only calls of the main thread are looked at. */
export function createCallWatch(limitMs: DurationMs = usualLimitMs): CallWatch {
  const shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  shared[limitAt] = limitMs;
  const name = `jobrig.hangs-${(watches += 1)}`;
  let watch: Worker | undefined;
  let words: (() => string) | undefined;
  /** Why the call of now is cut. */
  let reason: Unreturned | undefined;

  function open(): Worker {
    // The other thread shares no objects with this one.
    (globalThis as { [key: symbol]: unknown })[Symbol.for(name)] = (canCut: boolean, ms: DurationMs) => {
      reason = new Unreturned(words?.() ?? 'a device', ms);
      if (!canCut) endProcess(reason);
    };
    const leastMs = limitMs / looks;
    const workerData = { shared, leastMs, stepMs, lookEveryMs: leastMs, turnAt, limitAt, name, frameName };
    const worker = new Worker(program, { eval: true, workerData });
    // Nobody waits for it, and without it only a loop goes unnoticed.
    worker.unref();
    worker.on('error', () => {});
    return worker;
  }

  function callOnce<Value>(call: () => Value): Value {
    if (reason !== undefined) throw reason;
    return call();
  }

  return {
    during(about, call) {
      // A call within another, by an observer, is part of it.
      if (words !== undefined || !isMainThread) return call();
      watch ??= open();
      words = about;
      Atomics.add(shared, turnAt, 1);
      try {
        return callOnce(call);
      } finally {
        Atomics.add(shared, turnAt, 1);
        words = undefined;
        reason = undefined;
      }
    },
  };
}

/** Of all devices of this process. */
export const callWatch = createCallWatch();

function endProcess({ message }: Unreturned): never {
  writeSync(2, `jobrig: ${message}\n`);
  // Node would add that it waits for a debugger.
  closeSync(2);
  process.exit(exitCode);
}
