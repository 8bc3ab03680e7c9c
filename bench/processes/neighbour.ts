/** A child process: one healthy client that asks for its jobs again and again, and how long each answer takes. */
import { createLatencyRecorder, type Latency } from '../load/latency.ts';
import { connectWire } from '../load/wire-client.ts';
import { serveParent } from '../../rig/load/process/serve-parent.ts';

export type NeighbourQuestions = typeof questions;

interface Body {
  readonly port: number;
  readonly thingName: string;
}

const pauseMs = 10;
/** An answer that takes longer has not come. */
const patienceMs = 10_000;

const latency = createLatencyRecorder();

const questions = {
  async come({ port, thingName }: Body): Promise<void> {
    const topic = `$aws/things/${thingName}/jobs/get`;
    let askedAt = 0;
    let late: NodeJS.Timeout | undefined;
    const ask = (): void => {
      askedAt = performance.now();
      late = setTimeout(() => fail('no answer'), patienceMs);
      client.publish(topic, '{}');
    };
    const client = await connectWire({
      host: '127.0.0.1',
      port,
      localAddress: undefined,
      clientId: thingName,
      filters: [`${topic}/accepted`],
      onMessage() {
        clearTimeout(late);
        latency.record(performance.now() - askedAt);
        setTimeout(ask, pauseMs);
      },
      onGone: fail,
    });
    ask();
  },

  /** How it went since the last time. */
  latency: (): Latency => latency.take(),
};

function fail(reason: string): never {
  throw new Error(`the neighbour: ${reason}`);
}

serveParent(questions);
