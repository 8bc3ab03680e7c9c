/**
 * The packets of a lifecycle without the Jobs service: the same broker, the same way in and out and the same batching of
 * writes as jobrig's door, but requests are not read and every answer is a constant. What our service costs beyond this is
 * the price of its logic. Knows only the conversation of `load/lifecycle.ts`.
 */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Client, PublishPacket } from 'aedes';
import { JobsBroker } from '../../broker/mqtt/jobs-broker.ts';
import { WriteBatching } from '../../broker/mqtt/write-batching.ts';
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

export async function openCannedDoor(things: number): Promise<ServiceUnderLoad> {
  const batching = new WriteBatching();
  const clients = new Map<string, Client>();
  const exchanges = new Map<string, number>();
  let flight: Flight | undefined;

  function take(packet: PublishPacket, client: Client): boolean {
    say(client, `${packet.topic}/accepted`, packet.topic.endsWith('start-next') ? started : updated);
    const count = (exchanges.get(client.id) ?? 0) + 1;
    exchanges.set(client.id, count % exchangesPerLifecycle);
    if (count === exchangesPerLifecycle) {
      say(client, `${jobsSpace(client.id)}notify-next`, noHead);
      flight?.finished();
    }
    batching.release(client.conn);
    return true;
  }

  const broker = new JobsBroker({}, take);
  broker.authorizePublish = (client, _packet, done) => {
    if (client !== null) batching.hold(client.conn);
    done(null);
  };
  broker.on('clientReady', (client) => clients.set(client.id, client));
  await broker.listen();
  const server = net
    .createServer({ noDelay: true }, broker.handle)
    .listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');

  const notify = (index: number) => {
    const client = clients.get(benchThingName(index));
    if (client !== undefined) say(client, `${jobsSpace(client.id)}notify-next`, headChanged);
  };
  return {
    mqttPort: (server.address() as AddressInfo).port,
    rollout: {
      begin: () => jobId,
      queueAll: () => Promise.resolve(),
      run(window) {
        flight = startFlight(things, window, notify);
        return flight.landed;
      },
    },
  };
}

function say(client: Client, topic: string, payload: string): void {
  client.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => {});
}
