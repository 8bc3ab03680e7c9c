/**
 * The packets of a lifecycle without the Jobs service: the same broker and the same ways in and out as jobrig's door has, but
 * requests are not read and every answer is a constant. What our service costs beyond this is the price of its logic.
 * Knows only the conversation of `load/lifecycle.ts`.
 */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Client } from 'aedes';
import type { IPublishPacket } from 'mqtt-packet';
import { FastLane, type OfferedPacket } from '../../broker/mqtt/fast-lane.ts';
import { JobsBroker, type OutgoingPacket } from '../../broker/mqtt/jobs-broker.ts';
import { heardFrom } from '../../broker/mqtt/keep-alive.ts';
import { Outbox } from '../../broker/mqtt/outbox.ts';
import { jobsSpace } from '../../protocol/topics.ts';
import { benchThingName } from '../load/thing-names.ts';
import { type Flight, startFlight } from './flight.ts';
import { jobDocument } from './rollout.ts';
import type { ServiceUnderLoad } from './service-questions.ts';

const exchangesPerLifecycle = 5;
const jobId = 'bench-job-001';
const execution = `"jobId":"${jobId}","status":"IN_PROGRESS","queuedAt":1717395854,"lastUpdatedAt":1717395854,"versionNumber":2,"executionNumber":1,"jobDocument":${jobDocument}`;
const started = `{"timestamp":1717395854,"execution":{"statusDetails":{"step":"receive"},"startedAt":1717395854,${execution}}}`;
const updated = '{"timestamp":1717395854}';
const headChanged = `{"timestamp":1717395854,"execution":{${execution}}}`;
const noHead = '{"timestamp":1717395854}';

interface Line {
  readonly outbox: Outbox;
  /** Of the lifecycle under way. */
  exchanges: number;
}

export async function openCannedDoor(things: number): Promise<ServiceUnderLoad> {
  const lines = new Map<string, Line>();
  let flight: Flight | undefined;
  let nextThing = 0;

  function take(packet: OfferedPacket, client: Client): boolean {
    const line = lines.get(client.id);
    if (line === undefined) return false;
    heardFrom(client);
    if (packet.cmd === 'publish') answer(packet, client.id, line);
    return true;
  }

  function answer({ topic, messageId }: IPublishPacket, thingName: string, line: Line): void {
    const { outbox } = line;
    outbox.acknowledge(messageId!);
    outbox.publish(message(`${topic}/accepted`, topic.endsWith('start-next') ? started : updated));
    line.exchanges += 1;
    if (line.exchanges < exchangesPerLifecycle) return;
    line.exchanges = 0;
    outbox.publish(message(`${jobsSpace(thingName)}notify-next`, noHead));
    flight?.finished();
  }

  function notifyNext(): void {
    const thingName = benchThingName(nextThing % things);
    nextThing += 1;
    lines.get(thingName)?.outbox.publish(message(`${jobsSpace(thingName)}notify-next`, headChanged));
  }

  const broker = new JobsBroker({ take: () => false, acknowledge: () => {} });
  broker.on('clientReady', (client) => lines.set(client.id, { outbox: new Outbox(client), exchanges: 0 }));
  await broker.listen();
  const server = net.createServer({ noDelay: true }, (socket) => {
    const client = broker.handle(new FastLane(socket, (packet) => take(packet, client)));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return {
    mqttPort: (server.address() as AddressInfo).port,
    rollout: {
      begin: () => Promise.resolve(jobId),
      queueAll: () => Promise.resolve(),
      run(executions, window) {
        flight = startFlight(executions, window, notifyNext);
        return flight.landed;
      },
    },
  };
}

function message(topic: string, payload: string): OutgoingPacket {
  return { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false, brokerId: 'canned', brokerCounter: 0 };
}
