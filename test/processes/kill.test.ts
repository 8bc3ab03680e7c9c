/**
 * The promise of durability through doors that are not the engine's process: engine and doors are killed in turn under load, the
 * service goes on by itself each time, and a ledger outside of it finds every answer that was acknowledged. `JOBRIG_KILLS` asks for
 * more kills than a quick suite has time for, `JOBRIG_SEED` for other moments.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import { KillStory } from '../support/kill-story.ts';
import { operatorOf } from '../support/operator.ts';
import { type ServeProcess, childrenNow, killAll, startServe } from '../support/serve-process.ts';
import { makeStoreDirectory } from '../support/store-directory.ts';

const kills = Number(process.env['JOBRIG_KILLS'] ?? 2);
const seed = Number(process.env['JOBRIG_SEED'] ?? 20_261_127);
/** A starter gives up when more end within a minute; then all of it is started again. */
const killsOfOne = 16;
const directory = makeStoreDirectory();

afterAll(async () => {
  await killAll();
  directory.remove();
});

async function killOne(service: ServeProcess, module: 'engine-process' | 'door-process', which: number): Promise<void> {
  const pids = await childrenNow(service, module);
  process.kill(pids[which % pids.length]!, 'SIGKILL');
}

describe('a service of several processes, of which one is killed under load', () => {
  it(
    `knows after each of ${kills} kills what it had acknowledged (seed ${seed})`,
    { timeout: 60_000 + kills * 10_000 },
    async () => {
      const story = new KillStory(seededChance(seed));
      const flags = ['--data-dir', directory.path, '--processes', '3', '--log-level', 'error'];
      let service = await startServe({ flags });
      for (let killed = 0; killed <= kills; killed += 1) {
        if (killed > 0 && killed % killsOfOne === 0) {
          expect((await service.stop()).exitCode).toBe(0);
          service = await startServe({ flags });
        }
        await story.answered(service);
        const iot = operatorOf(service);
        if (killed === 0) await story.prepare(iot);
        const objections = [...(await story.objections(iot)), ...(await story.wakeSleeper(service))];
        expect(objections, `after kill ${killed}, seed ${seed}`).toEqual([]);
        const module = killed % 2 === 0 ? 'engine-process' : 'door-process';
        if (killed < kills) await story.run(service, iot, () => killOne(service, module, killed >> 1));
        iot.destroy();
      }
      expect(story.ledger.acknowledgements).toBeGreaterThan(kills * 10);
    },
  );
});
