/**
 * The whole service in one process: engine, runtime, certificates, an MQTT door and an HTTP door, started together and
 * closed together. Composes and holds no rule. This is what `jobrig serve` runs and what tests start by the dozen, so every
 * port is free by default and nothing is written unless a directory is given.
 */
import { scaledClock } from './clock.ts';
import { rememberDirectory } from './data-directory.ts';
import { openDoors } from './doors.ts';
import { openMindPage } from './mind-page.ts';
import { type Mind, openMind, openState } from './mind.ts';
import { type FaultListener, injectFaults } from './service-faults.ts';
import type { Service, ServiceOptions } from './service-options.ts';
import { openSurroundings } from './surroundings.ts';

export type { PortOption, Service, ServiceOptions } from './service-options.ts';

/** @throws OperationalError when a port or the directory cannot be used; nothing is left running, or behind, then. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const undo = options.dataDir === undefined ? () => {} : rememberDirectory(options.dataDir);
  try {
    return await start(options);
  } catch (error) {
    undo(error);
    throw error;
  }
}

async function start(options: ServiceOptions): Promise<Service> {
  const { timeScale, signal } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const whoHears: FaultListener[] = [];
    const onFault: FaultListener = (fault, thingName) => {
      for (const hear of whoHears) hear(fault, thingName);
    };
    const state = await openState(options, onFault, signal && { signal });
    closers.push(() => state.close());
    const surroundings = await openSurroundings(options, () => mind.port.now());
    const { authority, events, signer } = surroundings;
    const mind: Mind = await openMind(options, surroundings, state);
    closers.push(() => mind.close());
    const plan = options.faults && { plan: options.faults, seed: options.seed ?? 1, onFault };
    const steady = scaledClock(timeScale);
    const faults = plan && injectFaults({ ...plan, clock: options.clockOf?.(steady) ?? steady });
    closers.push(() => faults?.close());
    const page = openMindPage(mind, surroundings, options, { faults });
    const doors = await openDoors(options, surroundings, {
      mind,
      page: (request, response) => page.door.answer(request, response),
      faults: page.faults,
      tell: events.tell,
    });
    closers.push(() => doors.close());
    closers.push(() => page.feed.close());
    const { endpoints, mqtt } = doors;
    page.feed.endpoints = endpoints;
    mind.begin();
    return {
      mqttUrl: endpoints['mqtt'],
      mqttsUrl: endpoints['mqtts'],
      wsUrl: endpoints['ws'],
      wssUrl: endpoints['wss'],
      httpUrl: endpoints['http'],
      httpsUrl: endpoints['https'],
      ca: authority.ca,
      ...(signer && { codeSigningCertificate: signer.cert }),
      ...(authority.caFile && { caFile: authority.caFile }),
      port: mind.port,
      page: page.feed,
      ...(endpoints['http'] !== undefined && { pageUrl: `${endpoints['http']}/${page.door.query}` }),
      acceptMqtt: doors.acceptMqtt,
      get connectedClients() {
        return mqtt.connectedClients;
      },
      onEvent: (hear) => events.add(hear),
      observe: mind.observe,
      onFault: (hear) => void whoHears.push(hear),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
