/**
 * One process with an MQTT and an HTTP door, on the sockets that all doors of the service share. Its engine is behind a link; a
 * client that belongs to another door is passed on to it, and one of its own may come from another. Started by
 * start-processes.ts and ends when that does.
 */
import { rmSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, request as askHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import { OperationalError } from '../../protocol/operational-error.ts';
import { scaledClock } from '../clock.ts';
import { openDoors } from '../doors.ts';
import { createDoorEnd, type DoorEnd } from '../link/door-end.ts';
import { doorOf } from '../link/owner.ts';
import { injectFaults } from '../service-faults.ts';
import { openSurroundings } from '../surroundings.ts';
import { type DoorOrder, doorSocket, engineSocket, pageSocket, sayToStarter } from './contract.ts';
import { passOn, takeOver } from './passed-client.ts';

const retryMs = 50;

async function runDoor({ options, door, doors, folder }: DoorOrder): Promise<void> {
  const end = createDoorEnd(door, scaledClock);
  await linkUp(end, folder);
  void keepLinked(end, folder);
  const surroundings = await openSurroundings(options, () => end.port.now());
  const { events } = surroundings;
  events.add((event) => end.tell(event));
  const clock = scaledClock(options.timeScale);
  const faults =
    options.faults && injectFaults({ plan: options.faults, seed: (options.seed ?? 1) + door, clock, onFault() {} });
  const opened = await openDoors(options, surroundings, {
    mind: end,
    page: (request, response) => passPage(request, response, pageSocket(folder)),
    faults,
    tell: events.tell,
    elsewhere(clientId) {
      const owner = doorOf(clientId, doors);
      if (clientId === '' || owner === door) return undefined;
      return (stream, proof) => passOn(stream, proof, doorSocket(folder, owner));
    },
  });
  const ownPath = doorSocket(folder, door);
  rmSync(ownPath, { force: true });
  const taking = createServer((far) => takeOver(far, (stream, proof) => opened.mqtt.accept(stream, proof)));
  await new Promise<void>((resolve, reject) => {
    taking.once('error', reject).listen(ownPath, resolve);
  });
  process.on('SIGTERM', () => {
    taking.close();
    faults?.close();
    void opened.close().finally(() => process.exit(0));
  });
  sayToStarter({ kind: 'door-ready', endpoints: opened.endpoints });
}

/** Until the engine's process is there, again after it has gone. */
async function linkUp(end: DoorEnd, folder: string): Promise<void> {
  for (;;) {
    try {
      const stream = connect(engineSocket(folder));
      await new Promise<void>((resolve, reject) => {
        stream.once('connect', resolve).once('error', reject);
      });
      await end.attach(stream);
      return;
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, retryMs);
      });
    }
  }
}

async function keepLinked(end: DoorEnd, folder: string): Promise<never> {
  for (;;) {
    await end.ended();
    await linkUp(end, folder);
  }
}

/** The live page and the metrics are where the engine is. @returns whether the request is for them */
function passPage(request: IncomingMessage, response: ServerResponse, socketPath: string): boolean {
  const { url = '/', method, headers } = request;
  const path = url.split('?', 1)[0] ?? '';
  if (path !== '/' && path !== '/metrics' && !path.startsWith('/page/')) return false;
  const asked = askHttp({ socketPath, path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { 'retry-after': '1' }).end();
  });
  response.on('close', () => asked.destroy());
  request.pipe(asked);
  return true;
}

process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
process.once('message', (order: DoorOrder) => {
  runDoor(order).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    const about =
      error instanceof OperationalError ? { code: error.code, ...(error.hint && { hint: error.hint }) } : {};
    process.send?.({ kind: 'failed', message, ...about }, () => process.exit(1));
  });
});
sayToStarter({ kind: 'up' });
