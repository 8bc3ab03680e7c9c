/**
 * A child process that keeps a window of exchanges in flight, in turn over all its clients: PUBLISH → PUBACK, answer
 * PUBLISH → PUBACK, QoS 1. Whether a Jobs service answers or a broker echoes makes no difference to it.
 */
import { localAddressOf } from '../../rig/load/loopback.ts';
import { connectAll } from '../load/connect-all.ts';
import { createLatencyRecorder, type Latency } from '../load/latency.ts';
import { benchThingName } from '../load/thing-names.ts';
import { connectWire, type WireClient } from '../load/wire-client.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';

interface ConnectBody {
  readonly port: number;
  readonly clients: number;
  /** `THING` stands for the client's thing name. */
  readonly requestTopic: string;
  readonly answerTopic: string;
}

interface RunBody {
  readonly exchanges: number;
  readonly window: number;
  readonly payload: string;
}

export type EchoLoadQuestions = typeof questions;

/** As the execution of a job asks: one after the other, and then it is another client's turn. */
const exchangesInARow = 5;

interface Requester {
  readonly client: WireClient;
  readonly topic: string;
  askedAt: number;
  answered: number;
}

let requesters: readonly Requester[] = [];
let onAnswer = ({ topic }: Requester): void => fail(`an answer outside a run to ${topic}`);

const questions = {
  async connect({ port, clients, requestTopic, answerTopic }: ConnectBody): Promise<void> {
    requesters = await connectAll(clients, async (index) => {
      const thingName = benchThingName(index);
      const expected = answerTopic.replace('THING', thingName);
      const requester: Requester = {
        client: await connectWire({
          host: '127.0.0.1',
          port,
          localAddress: localAddressOf(index),
          clientId: thingName,
          filters: [expected],
          onMessage: (topic) => (topic === expected ? onAnswer(requester) : fail(`unexpected message on ${topic}`)),
          onGone: (reason) => fail(`${thingName}: ${reason}`),
        }),
        topic: requestTopic.replace('THING', thingName),
        askedAt: 0,
        answered: 0,
      };
      return requester;
    });
  },

  /** Runs `exchanges` and tells how long all took together and each alone. */
  run({ exchanges, window, payload }: RunBody): Promise<{ elapsedMs: number; latency: Latency }> {
    const latency = createLatencyRecorder();
    const startedAt = performance.now();
    const bursts = Math.ceil(exchanges / exchangesInARow);
    let begun = 0;
    let answered = 0;
    const ask = (requester: Requester) => {
      requester.askedAt = performance.now();
      requester.client.publish(requester.topic, payload);
    };
    const begin = () => {
      const requester = requesters[begun % requesters.length]!;
      begun += 1;
      requester.answered = 0;
      ask(requester);
    };
    return new Promise((resolve) => {
      onAnswer = (requester) => {
        latency.record(performance.now() - requester.askedAt);
        answered += 1;
        requester.answered += 1;
        if (requester.answered < exchangesInARow) ask(requester);
        else if (begun < bursts) begin();
        else if (answered === bursts * exchangesInARow)
          resolve({ elapsedMs: performance.now() - startedAt, latency: latency.take() });
      };
      while (begun < Math.min(window, requesters.length, bursts)) begin();
    });
  },
};

function fail(reason: string): never {
  throw new Error(reason);
}

serveParent(questions);
