/**
 * The baseline: the Jobs service wired to aedes the way the broker's own documentation suggests. A subscriber on wildcard
 * filters takes the requests, `broker.publish` sends replies and notifications through the broker's routing. Engine,
 * runtime and payloads are the same as behind jobrig's own door, so only the wiring differs. It is kept to be measured, not
 * to be used: it answers subscribers only, and docs/clients.md says which messages it loses.
 */
import net, { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Aedes } from 'aedes';
import type { CommandOf, Effect } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { acceptedPayload, notifyNextPayload, notifyPayload, rejectedPayload } from '../../protocol/device-payloads.ts';
import { decodeDeviceRequest } from '../../protocol/device-requests.ts';
import { formatJobsTopic, parseJobsTopic, type RequestTopic } from '../../protocol/topics.ts';

const requestFilters = ['get', 'start-next', '+/get', '+/update'].map((tail) => `$aws/things/+/jobs/${tail}`);

/** @returns the port on 127.0.0.1 */
export async function openNaiveDoor(port: ServicePort): Promise<number> {
  const broker = await Aedes.createBroker();
  const publish = (topic: string, payload: object) =>
    broker.publish(
      { cmd: 'publish', topic, payload: JSON.stringify(payload), qos: 1, retain: false, dup: false },
      () => {},
    );

  for (const filter of requestFilters) {
    broker.subscribe(
      filter,
      (packet, done) => {
        const topic = parseJobsTopic(packet.topic);
        if (topic?.kind === 'request') answer(port, topic, packet.payload, publish);
        done();
      },
      () => {},
    );
  }
  port.onEffect((effect) => announce(effect, publish));

  const server = net
    .createServer({ noDelay: true }, broker.handle)
    .listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

type Publish = (topic: string, payload: object) => void;

function answer(port: ServicePort, topic: RequestTopic, payload: Buffer | string, publish: Publish): void {
  const replyTopic = (outcome: 'accepted' | 'rejected') => formatJobsTopic({ ...topic, kind: 'reply', outcome });
  const decoded = decodeDeviceRequest(topic, payload);
  if (!decoded.ok) {
    publish(replyTopic('rejected'), rejectedPayload(decoded, port.now(), decoded.clientToken));
    return;
  }
  const { operation, request, clientToken } = decoded;
  port.submit(
    { name: `iotjobsdata:${operation}`, request } as CommandOf<`iotjobsdata:${typeof operation}`>,
    (reply, at) => {
      if (reply.accepted) {
        publish(replyTopic('accepted'), acceptedPayload(operation, reply.response as never, at, clientToken));
      } else {
        publish(replyTopic('rejected'), rejectedPayload(reply, at, clientToken));
      }
    },
  );
}

function announce(effect: Effect, publish: Publish): void {
  if (effect.kind === 'event' || effect.kind === 'principal') return;
  const { thingName, namespaceId } = effect;
  const address = { kind: 'notification' as const, thingName, ...(namespaceId !== undefined && { namespaceId }) };
  if (effect.kind === 'notify') {
    publish(formatJobsTopic({ ...address, name: 'JobExecutionsChanged' }), notifyPayload(effect));
  } else {
    publish(formatJobsTopic({ ...address, name: 'NextJobExecutionChanged' }), notifyNextPayload(effect));
  }
}
