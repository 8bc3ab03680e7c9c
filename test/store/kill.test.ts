/**
 * The promise of durability, taken at its word: a service under load from devices and an operator is killed again and again,
 * at moments drawn from a seed, and every answer that it gave is compared with what the next one knows. What was asked and
 * not answered may have happened or not, but wholly. `JOBRIG_SEED` chooses other moments,
 * `JOBRIG_KILLS` how many.
 */

import { afterEach, describe, expect, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import { KillStory } from '../support/kill-story.ts';
import { operatorOf } from '../support/operator.ts';
import { type Ended, killAll, launchServe, startServe } from '../support/serve-process.ts';
import { type StoreDirectory, makeStoreDirectory } from '../support/store-directory.ts';

const kills = Number(process.env['JOBRIG_KILLS'] ?? 6);
const seed = Number(process.env['JOBRIG_SEED'] ?? 20_261_122);

const directories: StoreDirectory[] = [];
afterEach(async () => {
  await killAll();
  for (const directory of directories.splice(0)) directory.remove();
});

function home(): StoreDirectory {
  const directory = makeStoreDirectory();
  directories.push(directory);
  return directory;
}

describe('a service that is killed under load', () => {
  it(`knows after each of ${kills} kills what it had acknowledged (seed ${seed})`, { timeout: 600_000 }, async () => {
    const directory = home();
    const story = new KillStory(seededChance(seed));
    for (let killed = 0; killed <= kills; killed += 1) {
      const service = await startServe({ flags: ['--data-dir', directory.path] });
      const iot = operatorOf(service);
      if (killed === 0) await story.prepare(iot);
      const objections = [...(await story.objections(iot)), ...(await story.wakeSleeper(service))];
      expect(objections, `after kill ${killed}, seed ${seed}`).toEqual([]);
      if (killed < kills) await story.run(service, iot, () => service.kill());
      iot.destroy();
    }
    expect(story.ledger.acknowledgements).toBeGreaterThan(kills * 10);
  });
});

describe('jobrig serve on a directory', () => {
  it('is refused while another has it, in one line, with exit code 2; and takes over when that one is killed', async () => {
    const directory = home();
    const first = await startServe({ flags: ['--data-dir', directory.path] });
    const second = (await launchServe({ flags: ['--data-dir', directory.path] })) as Ended;
    expect(second.exitCode).toBe(2);
    expect(second.stderr).toMatch(/^jobrig: \S+jobrig\.db is in use by process \d+\. [^\n]*\n$/);
    await first.kill();
    const third = await startServe({ flags: ['--data-dir', directory.path] });
    expect(await third.stop()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('ends in one line when it has no room left, and nothing that it accepted is missing afterwards', async () => {
    const directory = home();
    const full = await startServe({ flags: ['--data-dir', directory.path], maxFileKiB: 600 });
    const iot = operatorOf(full);
    const accepted: string[] = [];
    const fill = async (): Promise<void> => {
      for (;;) {
        const thingName = `thing-${accepted.length}`;
        const attributes = { filling: 'x'.repeat(800) };
        await iot.createThing({ thingName, attributePayload: { attributes } });
        accepted.push(thingName);
      }
    };
    await expect(fill()).rejects.toThrow();
    const { exitCode, stderr } = await full.ended;
    expect(stderr).toMatch(/(?:^|\n)jobrig: \S+jobrig\.db cannot be written: [^\n]*\n$/);
    expect(exitCode).toBe(2);
    iot.destroy();

    const roomy = operatorOf(await startServe({ flags: ['--data-dir', directory.path] }));
    const again = accepted.map((thingName) => roomy.createThing({ thingName }));
    const answers = await Promise.allSettled(again);
    expect(accepted.length).toBeGreaterThan(20);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    roomy.destroy();
  });
});
