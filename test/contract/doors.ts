/** Doors for contracts that every door has to keep: with one client each, beside the engine or in a process of their own. */
import { afterAll, beforeAll, describe } from 'vitest';
import { handledOperations } from '../../broker/engine/dispatch.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import { openHttpDoor } from '../../broker/http/http-door.ts';
import { type DoorProcess, startDoorProcess } from '../support/door-process.ts';

interface Door {
  readonly ask: unknown;
  close(): Promise<unknown>;
}

/** A client that closes the door behind it, too. */
export function closingBoth<Client extends Door>(client: Client, door: { close(): Promise<void> }): Client {
  return {
    ...client,
    async close() {
      await client.close();
      await door.close();
    },
  };
}

/** @param ask by HTTP, at a port */
export function httpDoorFor<Ask>(ask: (httpPort: number) => Ask) {
  return async (port: ServicePort): Promise<{ readonly ask: Ask; close(): Promise<void> }> => {
    const door = await openHttpDoor({
      port,
      handled: handledOperations,
      listeners: { http: 0 },
      status: () => ({ endpoints: {}, connectedClients: 0 }),
    });
    return { ask: ask(door.ports.http ?? 0), close: () => door.close() };
  };
}

/** The contract through a door in a process of its own. */
export function contractOfAProcess<Client extends Door>(
  contract: (open: (port: ServicePort) => Promise<Client>) => void,
  mqtt: (url: string) => Promise<Client>,
  http: (httpPort: number) => Client['ask'],
): void {
  describe('a door in a process of its own', () => {
    let process: DoorProcess;
    let client: Client;
    beforeAll(async () => {
      process = await startDoorProcess();
      client = await mqtt(process.endpoints['mqtt']!);
    });
    afterAll(async () => {
      await client.close();
      await process.close();
    });
    const through = async (port: ServicePort, ask: Client['ask']): Promise<Client> => {
      await process.linkTo(port);
      return { ask, close: () => Promise.resolve() } as Client;
    };

    describe('MQTT', () => contract((port) => through(port, client.ask)));
    describe('HTTP, data plane', () =>
      contract((port) => through(port, http(Number(new URL(process.endpoints['http']!).port)))));
  });
}
