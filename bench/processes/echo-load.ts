/**
 * A child process that keeps a window of exchanges in flight, in turn over all its clients: PUBLISH → PUBACK, answer
 * PUBLISH → PUBACK, QoS 1. Whether a Jobs service answers or a broker echoes makes no difference to it.
 */
import { connectAll, localAddressOf } from '../load/connect-all.ts';
import { createLatencyRecorder, type Latency } from '../load/latency.ts';
import { benchThingName } from '../load/thing-names.ts';
import { connectWire, type WireClient } from '../load/wire-client.ts';
import { serveParent } from '../serve-parent.ts';

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

interface Requester {
  readonly client: WireClient;
  readonly topic: string;
  askedAt: number;
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
      };
      return requester;
    });
  },

  /** Runs `exchanges` and tells how long all took together and each alone. One at most is in flight per client. */
  run({ exchanges, window, payload }: RunBody): Promise<{ elapsedMs: number; latency: Latency }> {
    const latency = createLatencyRecorder();
    const startedAt = performance.now();
    // Who waits for a turn: taken at `sent`, put back at `answered`, which is never ahead of it.
    const turns = [...requesters];
    let sent = 0;
    let answered = 0;
    const ask = () => {
      const requester = turns[sent % turns.length]!;
      sent += 1;
      requester.askedAt = performance.now();
      requester.client.publish(requester.topic, payload);
    };
    return new Promise((resolve) => {
      onAnswer = (requester) => {
        latency.record(performance.now() - requester.askedAt);
        turns[answered % turns.length] = requester;
        answered += 1;
        if (sent < exchanges) ask();
        else if (answered === exchanges) resolve({ elapsedMs: performance.now() - startedAt, latency: latency.take() });
      };
      for (let open = 0; open < Math.min(window, turns.length, exchanges); open += 1) ask();
    });
  },
};

function fail(reason: string): never {
  throw new Error(reason);
}

serveParent(questions);
