/**
 * A child process with the devices of a run: every thing works each execution it is notified of and reports SUCCEEDED.
 * Over MQTT.js it is what agents use; over the bare codec it is cheap enough not to hide the service behind it.
 */
import net from 'node:net';
import { MqttClient } from 'mqtt';
import { localAddressOf } from '../../rig/load/loopback.ts';
import { connectAll } from '../load/connect-all.ts';
import { createLatencyRecorder, type Latency } from '../load/latency.ts';
import { createLifecycle, type LifecycleEvents, lifecycleFilters } from '../load/lifecycle.ts';
import { benchThingName } from '../load/thing-names.ts';
import { connectWire, type WireClient } from '../load/wire-client.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';

export type Codec = 'MQTT.js' | 'bare codec';

interface ConnectBody {
  readonly port: number;
  readonly things: number;
  readonly codec: Codec;
}

export type FleetQuestions = typeof questions;

const latency = createLatencyRecorder();
let finished = 0;
let onFinished: (() => void) | undefined;

const questions = {
  async connect({ port, things, codec }: ConnectBody): Promise<void> {
    const connect = codec === 'MQTT.js' ? connectMqttJs : connectBare;
    await connectAll(things, (index) => connect(port, index));
  },

  /** Waits until as many lifecycles have ended as were started since the last call. */
  settle({ lifecycles }: { readonly lifecycles: number }): Promise<Latency> {
    return new Promise((resolve) => {
      onFinished = () => {
        if (finished < lifecycles) return;
        onFinished = undefined;
        finished = 0;
        resolve(latency.take());
      };
      onFinished();
    });
  },
};

function lifecycleOf(thingName: string, publish: LifecycleEvents['publish']): (topic: string, payload: Buffer) => void {
  return createLifecycle(thingName, {
    publish,
    onExchange: (durationMs) => latency.record(durationMs),
    onFinished: () => {
      finished += 1;
      onFinished?.();
    },
    onFailed: (what) => fail(`unexpected message on ${what}`),
  });
}

async function connectBare(port: number, index: number): Promise<void> {
  const thingName = benchThingName(index);
  const client: WireClient = await connectWire({
    host: '127.0.0.1',
    port,
    localAddress: localAddressOf(index),
    clientId: thingName,
    filters: lifecycleFilters(thingName),
    onMessage: lifecycleOf(thingName, (topic, payload) => client.publish(topic, payload)),
    onGone: (reason) => fail(`${thingName}: ${reason}`),
  });
}

async function connectMqttJs(port: number, index: number): Promise<void> {
  const thingName = benchThingName(index);
  const localAddress = localAddressOf(index);
  const open = () => net.connect({ host: '127.0.0.1', port, noDelay: true, localAddress });
  const client = new MqttClient(open, { clientId: thingName, keepalive: 1200, reconnectPeriod: 0, protocolVersion: 4 });
  client.on('error', (error) => fail(`${thingName}: ${error.message}`));
  client.on('close', () => fail(`${thingName}: connection closed`));
  client.on(
    'message',
    lifecycleOf(thingName, (topic, payload) => client.publish(topic, payload, { qos: 1 })),
  );
  await client.subscribeAsync([...lifecycleFilters(thingName)], { qos: 1 });
}

/** Nothing may fail in a measured run: the process ends and the parent says so. */
function fail(reason: string): never {
  throw new Error(reason);
}

serveParent(questions);
