/** Doors for tests: on free ports, in front of a scripted service, closed after each test. */
import type { MqttDoorEvent } from '../../broker/mqtt/door-events.ts';
import { type MqttDoor, type MqttDoorOptions, openMqttDoor } from '../../broker/mqtt/mqtt-door.ts';
import { type FakeService, type Script, fakeService } from './fake-service.ts';
import { WireClient, type WireOptions } from './wire-client.ts';

export interface TestDoor {
  readonly door: MqttDoor;
  /** The TCP port. */
  readonly port: number;
  readonly service: FakeService;
  readonly events: MqttDoorEvent[];
  /** Resolves with the first event of this kind, which may have happened already. */
  happened<Kind extends MqttDoorEvent['kind']>(kind: Kind): Promise<Extract<MqttDoorEvent, { kind: Kind }>>;
}

const open: MqttDoor[] = [];

export async function openDoor({
  script,
  ...options
}: Partial<Omit<MqttDoorOptions, 'port' | 'onEvent'>> & { readonly script?: Script } = {}): Promise<TestDoor> {
  const service = fakeService(script);
  const events: MqttDoorEvent[] = [];
  const waiting: (() => void)[] = [];
  const door = await openMqttDoor({
    listeners: { tcp: 0 },
    ...options,
    port: service,
    onEvent(event) {
      events.push(event);
      for (const wake of waiting.splice(0)) wake();
    },
  });
  open.push(door);
  return {
    door,
    port: door.ports.tcp ?? 0,
    service,
    events,
    async happened(kind) {
      for (;;) {
        const event = events.find((candidate) => candidate.kind === kind);
        if (event !== undefined) return event as Extract<MqttDoorEvent, { kind: typeof kind }>;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

export async function closeDoors(): Promise<void> {
  await Promise.all(open.splice(0).map((door) => door.close()));
}

/** A client of MQTT 5. */
export function connect5(port: number, options: Partial<WireOptions> = {}): Promise<WireClient> {
  return WireClient.connect(port, { clientId: 'lamp', protocolVersion: 5, ...options });
}
