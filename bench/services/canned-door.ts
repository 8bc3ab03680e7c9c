/**
 * The packets of a lifecycle without the Jobs service: the same broker and the same ways in and out as jobrig's door has, but
 * requests are not read and every answer is a constant. What our service costs beyond this is the price of its logic.
 * Knows only the conversation of `load/lifecycle.ts`.
 */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Publication } from '../../broker/mqtt/client-stream.ts';
import { FastLane } from '../../broker/mqtt/fast-lane.ts';
import type { Message } from '../../broker/mqtt/message.ts';
import { agreementOn } from '../../broker/mqtt/mqtt5-connect.ts';
import { Outbox } from '../../broker/mqtt/outbox.ts';
import { QuietAedes } from '../../broker/mqtt/quiet-aedes.ts';
import { Wire } from '../../broker/mqtt/wire.ts';
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
  messageId: number;
  /** Of the lifecycle under way. */
  exchanges: number;
}

export async function openCannedDoor(things: number): Promise<ServiceUnderLoad> {
  const lines = new Map<string, Line>();
  let flight: Flight | undefined;
  let nextThing = 0;

  function publish(line: Line, told: Message): void {
    line.messageId = (line.messageId % 0xffff) + 1;
    line.outbox.publish(told, line.messageId);
  }

  function answer({ topic, messageId }: Publication, thingName: string, line: Line): void {
    line.outbox.acknowledge(messageId);
    publish(line, message(`${topic}/accepted`, topic.endsWith('start-next') ? started : updated));
    line.exchanges += 1;
    if (line.exchanges < exchangesPerLifecycle) return;
    line.exchanges = 0;
    publish(line, message(`${jobsSpace(thingName)}notify-next`, noHead));
    flight?.finished();
  }

  function notifyNext(): void {
    const thingName = benchThingName(nextThing % things);
    nextThing += 1;
    const line = lines.get(thingName);
    if (line !== undefined) publish(line, message(`${jobsSpace(thingName)}notify-next`, headChanged));
  }

  const broker = new QuietAedes();
  await broker.listen();
  const server = net.createServer({ noDelay: true }, (socket) => serve(socket));

  function serve(socket: net.Socket): void {
    const stream = new FastLane(socket);
    const line: Line = { outbox: new Outbox(stream), messageId: 0, exchanges: 0 };
    let clientId = '';
    stream.start(new Wire(socket, stream), {
      publish: (publication) => answer(publication, clientId, line),
      acknowledge() {},
      receive(packet) {
        if (packet.cmd === 'connect') {
          ({ clientId } = packet);
          const agreement = agreementOn(packet, () => clientId);
          const client = broker.newcomer(stream, clientId, true);
          stream.once('close', () => client.close());
          stream.expectToHear(agreement.keepAliveSeconds);
          broker.admit(client);
          stream.admit(agreement, false);
          lines.set(clientId, line);
        } else if (packet.cmd === 'subscribe') {
          const granted = packet.subscriptions.map(({ qos }) => qos);
          line.outbox.send(stream.encode({ cmd: 'suback', messageId: packet.messageId, granted }));
        } else if (packet.cmd === 'pingreq') stream.send(stream.encode({ cmd: 'pingresp' }));
        else stream.destroy();
      },
    });
  }

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

function message(topic: string, payload: string): Message {
  return { topic, payload, qos: 1, retain: false };
}
