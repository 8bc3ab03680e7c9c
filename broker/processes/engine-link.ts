/** Keeps the link of a door, or of the starter, to the engine's process: until it is there, and again after it has gone. */
import { addAbortListener } from 'node:events';
import { connect } from 'node:net';
import type { DoorEnd } from '../link/door-end.ts';
import { engineSocket } from './contract.ts';

const retryMs = 50;

/** Goes on linking until the signal; @returns when the link stands for the first time */
export async function keepLinked(end: DoorEnd, folder: string, signal?: AbortSignal): Promise<void> {
  await linkUp(end, folder, signal);
  void again(end, folder, signal);
}

async function again(end: DoorEnd, folder: string, signal: AbortSignal | undefined): Promise<void> {
  while (!isOver(signal)) {
    await end.ended();
    await linkUp(end, folder, signal);
  }
}

async function linkUp(end: DoorEnd, folder: string, signal: AbortSignal | undefined): Promise<void> {
  while (!isOver(signal)) {
    try {
      const stream = connect(engineSocket(folder));
      if (signal !== undefined) {
        const listener = addAbortListener(signal, () => stream.destroy());
        stream.once('close', () => listener[Symbol.dispose]());
      }
      await new Promise<void>((resolve, reject) => {
        stream.once('connect', resolve).once('error', reject);
      });
      await end.attach(stream);
      return;
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, retryMs).unref();
      });
    }
  }
}

function isOver(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
