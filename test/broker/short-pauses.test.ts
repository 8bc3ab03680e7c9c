/** A service in memory has its garbage collected in smaller parts. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const built = pathToFileURL(resolve(import.meta.dirname, '../../dist/broker/kept-state.js')).href;

/** Some megabytes of garbage, over many turns, in a process of its own. @returns how often it was collected */
function collections(prepare: string): number {
  const program = `
    import { PerformanceObserver } from 'node:perf_hooks';
    import { setImmediate as turn } from 'node:timers/promises';
    import { stateInMemory } from '${built}';
    ${prepare}
    let count = 0;
    const seen = new PerformanceObserver((list) => { count += list.getEntries().length; });
    seen.observe({ entryTypes: ['gc'] });
    let last;
    for (let index = 0; index < 2000; index += 1) {
      last = Array.from({ length: 2000 }, () => ({}));
      await turn();
    }
    console.log(last.length > 0 ? count : 0);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

it('is collected more often than a process is', () => {
  const [usual, inMemory] = [collections(''), collections('stateInMemory({});')];
  expect(usual).toBeGreaterThan(0);
  expect(inMemory).toBeGreaterThan(1.5 * usual);
});
