/** Engines and doors of one service as processes of their own, and what they say of themselves. */
import type { IoT } from '@aws-sdk/client-iot';
import { setTimeout as wait } from 'node:timers/promises';
import { type PartProcess, startPart } from './part-process.ts';
import { operatorOf } from './operator.ts';

export interface Health {
  readonly status: string;
  readonly role: string;
  readonly leads?: boolean;
  readonly epoch?: number;
  readonly lagMs?: number;
  readonly behindCommits?: number;
}

/** @param keys the directory of keys that all parts share */
export function partsWith(keys: string): {
  engine(store: string, ...flags: readonly string[]): Promise<PartProcess>;
  door(engines: readonly PartProcess[], ...flags: readonly string[]): Promise<PartProcess>;
} {
  const local = ['--data-dir', keys, '--log-level', 'warn'];
  return {
    engine: (store, ...flags) => startPart('engine', ['--store', store, '--listen', '127.0.0.1:0', ...local, ...flags]),
    door(engines, ...flags) {
      const links = engines.flatMap(({ link }) => ['--join', link]);
      return startPart('door', [...links, '--listen', '127.0.0.1:0', ...local, ...flags]);
    },
  };
}

export function operatorAt({ http }: Pick<PartProcess, 'http'>, maxAttempts = 1): IoT {
  return operatorOf({ httpUrl: http }, { maxAttempts });
}

export async function health({ http }: Pick<PartProcess, 'http'>): Promise<Health> {
  return (await (await fetch(`${http}/healthz`, { headers: { connection: 'close' } })).json()) as Health;
}

export async function leaderOf(engines: readonly PartProcess[]): Promise<PartProcess> {
  for (;;) {
    for (const each of engines) if ((await health(each)).leads === true) return each;
    await wait(20);
  }
}

/** Until it holds. */
export async function eventually(holds: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await holds();
      return;
    } catch (error) {
      if (attempt === 400) throw error;
      await wait(25);
    }
  }
}

/** It works as it should. */
export async function isWell(part: Pick<PartProcess, 'http'>): Promise<void> {
  await eventually(async () => {
    const { status } = await health(part);
    if (status !== 'ok') throw new Error(status);
  });
}
