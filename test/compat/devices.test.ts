/**
 * Unmodified device clients against the service: each takes a job, reports it, and lives through the force-deletion of what it
 * is running. What each client is told then is its own (docs/clients.md); that it goes on with the next job is not. The
 * service asks for certificates and signatures, but of those that have neither. Each kind of client comes once, at least, through
 * doors that are processes of their own.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceProcess, startDevice } from './device-process.ts';
import { type Need, deviceSdk1, deviceSdk2, mosquitto, paho, wanted } from './presence.ts';
import { type Rig, startRig } from './rig.ts';

interface Client {
  readonly name: string;
  readonly need: Need;
  readonly command: readonly string[];
  /** Has nothing to prove who it is: plain MQTT. */
  readonly isPlain?: true;
  /** To a service whose doors are processes of their own. */
  readonly throughDoors?: true;
  /** What its application hears of an update, after an accepted one and after a force-deletion. */
  readonly hears?: { readonly accepted: string; readonly deleted: string };
}

const deaf = { accepted: 'silence', deleted: 'silence' };

const clients: readonly Client[] = [
  {
    name: 'Device SDK v1, mutual TLS',
    need: deviceSdk1,
    command: ['sdk-v1.mjs', 'tls'],
    hears: deaf,
    throughDoors: true,
  },
  { name: 'Device SDK v1, WebSocket', need: deviceSdk1, command: ['sdk-v1.mjs', 'wss'], hears: deaf },
  { name: 'Device SDK v2, WebSocket', need: deviceSdk2, command: ['sdk-v2-classic.mjs', '311', 'wss'] },
  {
    name: 'Device SDK v2, mutual TLS',
    need: deviceSdk2,
    command: ['sdk-v2-classic.mjs', '311', 'tls'],
    throughDoors: true,
  },
  {
    name: 'Device SDK v2 request–response, mutual TLS',
    need: deviceSdk2,
    command: ['sdk-v2-request-response.mjs', '311', 'tls'],
  },
  { name: 'Device SDK v2, MQTT 5', need: deviceSdk2, command: ['sdk-v2-classic.mjs', '5', 'tls'] },
  {
    name: 'Device SDK v2 request–response, MQTT 5',
    need: deviceSdk2,
    command: ['sdk-v2-request-response.mjs', '5', 'tls'],
    throughDoors: true,
  },
  { name: 'Paho, MQTT 5', need: paho, command: ['paho-device.py', '5', 'tcp'], isPlain: true },
  { name: 'Mosquitto, MQTT 5', need: mosquitto, command: ['mosquitto.sh', '5'] },
  { name: 'Paho', need: paho, command: ['paho-device.py', '311', 'tcp'], isPlain: true },
  { name: 'Paho, mutual TLS', need: paho, command: ['paho-device.py', '311', 'tls'] },
  { name: 'Paho, through doors', need: paho, command: ['paho-device.py', '311', 'tcp'], throughDoors: true },
  { name: 'Mosquitto, through doors', need: mosquitto, command: ['mosquitto.sh', 'mqttv311'], throughDoors: true },
  { name: 'Mosquitto, mutual TLS', need: mosquitto, command: ['mosquitto.sh', 'mqttv311'] },
];

let asking: Rig;
let open: Rig;
let several: Rig;
let device: DeviceProcess | undefined;

beforeAll(async () => {
  [asking, open, several] = await Promise.all([
    startRig({ requireAuth: true }),
    startRig(),
    startRig({ throughDoors: true }),
  ]);
});

afterEach(async () => {
  await device?.stop();
  device = undefined;
});

afterAll(() => Promise.all([asking.close(), open.close(), several.close()]));

describe.each(clients.map((client, index) => ({ ...client, thingName: `thing-${index}` })))(
  '$name',
  ({
    need,
    command,
    thingName,
    isPlain,
    throughDoors,
    hears = { accepted: 'accepted', deleted: 'ResourceNotFound' },
  }) => {
    it('completes a job, survives the force-deletion of the next one, and completes another', async ({ skip }) => {
      wanted(need, skip);
      const rig = throughDoors ? several : isPlain ? open : asking;
      const environment = await rig.addThing(thingName);
      const [finished, pulled, canary] = ['finished', 'pulled', 'canary'].map((job) => `${job}-${thingName}`);
      await rig.createJob(thingName, finished!);
      device = startDevice(command, environment);

      expect(await device.next()).toEqual({ event: 'started', jobId: finished });
      device.finish();
      expect(await device.next()).toEqual({ event: 'answered', jobId: finished, answer: hears.accepted });
      await expect.poll(() => rig.statusOf(thingName, finished!)).toBe('SUCCEEDED');

      await rig.createJob(thingName, pulled!);
      expect(await device.next()).toEqual({ event: 'started', jobId: pulled });
      await rig.forceDelete(thingName, pulled!);
      device.finish();
      expect(await device.next()).toEqual({ event: 'answered', jobId: pulled, answer: hears.deleted });
      await expect(rig.statusOf(thingName, pulled!)).rejects.toThrow(/cannot be found|not found/i);

      await rig.createJob(thingName, canary!);
      expect(await device.next()).toEqual({ event: 'started', jobId: canary });
      device.finish();
      await expect.poll(() => rig.statusOf(thingName, canary!)).toBe('SUCCEEDED');
    });
  },
);
