/**
 * One process with an MQTT and an HTTP door, on the sockets that all doors of the service share. Its engine is behind a link; a
 * client that belongs to another door is passed on to it, and one of its own may come from another. Started by
 * start-processes.ts and ends when that does.
 */
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { OperationalError } from '../../protocol/operational-error.ts';
import { allDoors, doorOf } from '../link/owner.ts';
import type { Arrived } from '../mqtt/mqtt-door.ts';
import { type DoorOrder, type FromProcess, type ToProcess, doorSocket, sayToStarter } from './contract.ts';
import { HandleQueue } from './handle-queue.ts';
import { openLinkedDoors } from './linked-doors.ts';
import { passOn, proofToTell, takeOver } from './passed-client.ts';
import { usageOf } from './process-usage.ts';
import { type RawHandle, attach, detach } from './socket-handle.ts';

const lookEveryMs = 500;

async function runDoor(order: DoorOrder): Promise<void> {
  const { door, doors, folder } = order;
  const leaving = new HandleQueue(process);
  const opened = await openLinkedDoors(order, (clientId) => {
    const owner = doorOf(clientId, allDoors(doors));
    if (clientId === '' || owner === door) return undefined;
    return (arrived) => {
      const handle = detach(arrived.wire.stream);
      if (handle === undefined) passOn(arrived, connect(doorSocket(folder, owner)));
      else leaving.send(toHand(owner, arrived), handle);
    };
  });
  const ownPath = doorSocket(folder, door);
  rmSync(ownPath, { force: true });
  const taking = createServer((far) => takeOver(far, opened.takeOver));
  await new Promise<void>((resolve, reject) => {
    taking.once('error', reject).listen(ownPath, resolve);
  });
  process.on('SIGTERM', () => {
    taking.close();
    void opened.close().finally(() => process.exit(0));
  });
  const usage = usageOf(`door ${door + 1}`);
  process.on('message', (message: ToProcess, handle: unknown) => {
    if (message.kind === 'usage') sayToStarter({ kind: 'usage', usage: usage() });
    else if (message.kind === 'client' && handle) {
      // None comes where the client has gone meanwhile.
      const { proof, bytes } = message;
      opened.takeOver(attach(handle as RawHandle, Buffer.from(bytes, 'base64')), proof);
    }
  });
  sayToStarter({ kind: 'door-ready', endpoints: opened.endpoints });
}

function toHand(door: number, { proof, start }: Arrived): FromProcess {
  return { kind: 'client', door, proof: proofToTell(proof), bytes: start.toString('base64') };
}

process.on('disconnect', () => process.exit(0));
// Node tells of no disconnection while a socket that was handed over waits to be acknowledged, which a starter that was killed does not.
setInterval(() => process.connected || process.exit(0), lookEveryMs).unref();
// Of the channel to the starter, which node:cluster writes to as well.
process.on('error', () => process.exit(0));
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});
process.once('message', (order: DoorOrder) => {
  runDoor(order).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    const about =
      error instanceof OperationalError ? { code: error.code, ...(error.hint && { hint: error.hint }) } : {};
    process.send?.({ kind: 'failed', message, ...about }, () => process.exit(1));
  });
});
sayToStarter({ kind: 'up' });
