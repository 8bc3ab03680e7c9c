/**
 * A child process: one healthy client that asks for its jobs again and again, and how long each answer takes: as it is, and without
 * the time in which the service was ready to go on and had no core. An answer that this process itself has seen late, since it had no
 * core, says nothing of the service.
 */
import { createLatencyRecorder, type Latency } from '../load/latency.ts';
import { runDelayOf } from '../load/run-delay.ts';
import { connectWire, type WireOptions } from '../load/wire-client.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';

export type NeighbourQuestions = typeof questions;

interface Body extends Pick<WireOptions, 'port' | 'secure'> {
  readonly thingName: string;
  /** Of the service. */
  readonly servicePid: number;
}

export interface NeighbourLatency {
  /** As it was. */
  readonly whole: Latency;
  /** Without what the machine's other programs have taken of it; of the answers that were seen in time. */
  readonly own: Latency;
  /** For which part of the time the service was ready to go on and had no core. */
  readonly corelessShare: number;
}

const pauseMs = 10;
/** An answer that takes longer has not come. */
const patienceMs = 30_000;
/** Of an answer that was seen in time. */
const maxOwnDelayMs = 1;

const whole = createLatencyRecorder();
const own = createLatencyRecorder();

/** Since when, and for how long the service has waited for a core by then. */
let since = { at: performance.now(), waitedMs: 0 };
let serviceDelay = (): number => 0;

const questions = {
  async come({ port, secure, thingName, servicePid }: Body): Promise<void> {
    const topic = `$aws/things/${thingName}/jobs/get`;
    serviceDelay = runDelayOf(servicePid);
    const ownDelay = runDelayOf(process.pid);
    let askedAt = 0;
    let before = { service: 0, own: 0 };
    let late: NodeJS.Timeout | undefined;
    const ask = (): void => {
      before = { service: serviceDelay(), own: ownDelay() };
      askedAt = performance.now();
      late = setTimeout(() => fail('no answer'), patienceMs);
      client.publish(topic, '{}');
    };
    const client = await connectWire({
      host: '127.0.0.1',
      port,
      secure,
      localAddress: undefined,
      clientId: thingName,
      filters: [`${topic}/accepted`],
      onMessage() {
        clearTimeout(late);
        const tookMs = performance.now() - askedAt;
        whole.record(tookMs);
        if (ownDelay() - before.own <= maxOwnDelayMs)
          own.record(Math.max(0, tookMs - (serviceDelay() - before.service)));
        setTimeout(ask, pauseMs);
      },
      onGone: fail,
    });
    ask();
  },

  /** How it went since the last time. */
  latency(): NeighbourLatency {
    const now = { at: performance.now(), waitedMs: serviceDelay() };
    const corelessShare = (now.waitedMs - since.waitedMs) / (now.at - since.at);
    since = now;
    return { whole: whole.take(), own: own.take(), corelessShare };
  },
};

function fail(reason: string): never {
  throw new Error(`the neighbour: ${reason}`);
}

serveParent(questions);
