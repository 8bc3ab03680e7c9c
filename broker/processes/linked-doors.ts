/**
 * An MQTT and an HTTP door whose engine is another process of this machine, behind a link. Opened by the process that a service
 * starts for it, or by one that brings its clients along.
 */
import { scaledClock } from '../clock.ts';
import { type OpenedDoors, openDoors } from '../doors.ts';
import { createDoorEnd } from '../link/door-end.ts';
import { Throttle } from '../live/actions.ts';
import { WireShare } from '../live/wire-share.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { ElsewhereOf, MqttDoor } from '../mqtt/mqtt-door.ts';
import { injectFaults } from '../service-faults.ts';
import { openSurroundings } from '../surroundings.ts';
import { type DoorOrder, pageSocket } from './contract.ts';
import { keepLinked } from './engine-link.ts';
import { passPage } from './passed-page.ts';

export type LinkedDoors = Pick<OpenedDoors, 'endpoints' | 'acceptMqtt' | 'takeOver' | 'close'>;

/** @param elsewhere absent: whoever comes is this door's */
export async function openLinkedDoors(
  { options, door, folder }: Omit<DoorOrder, 'kind'>,
  elsewhere?: ElsewhereOf,
): Promise<LinkedDoors> {
  const early: Required<SessionChange>[] = [];
  const over = new AbortController();
  let adopt: MqttDoor['adopt'] = (rows) => void early.push(...rows);
  const end = createDoorEnd(door, scaledClock, {
    onThrottled: (until) => (throttle.until = until),
    onWanted: (what) => share.wants(what),
    // What the engine has kept while there was no link.
    onRows: (rows) => adopt(rows),
  });
  const share = new WireShare({ keeps: options.keepsPage === true, tell: (told) => end.tell(told) });
  await keepLinked(end, folder, over.signal);
  const surroundings = await openSurroundings(options, () => end.port.now());
  const { events, watchers } = surroundings;
  share.watch(watchers);
  events.add((event) => end.tell(event));
  const clock = scaledClock(options.timeScale);
  const faults =
    options.faults && injectFaults({ plan: options.faults, seed: (options.seed ?? 1) + door, clock, onFault() {} });
  const throttle = new Throttle(() => end.port.now(), faults);
  const opened = await openDoors(options, surroundings, {
    mind: end,
    page: (request, response) => passPage(request, response, { socketPath: pageSocket(folder) }),
    faults: throttle,
    tell: events.tell,
    ...(elsewhere && { elsewhere }),
  });
  ({ adopt } = opened.mqtt);
  adopt(early);
  return {
    endpoints: opened.endpoints,
    acceptMqtt: (stream) => opened.acceptMqtt(stream),
    takeOver: (socket, proof) => opened.takeOver(socket, proof),
    async close() {
      share.close();
      faults?.close();
      await opened.close();
      over.abort();
    },
  };
}
