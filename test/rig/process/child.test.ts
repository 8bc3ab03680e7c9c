import { expect, it } from 'vitest';
import { resolve } from 'node:path';
import { startChild } from '../../../rig/process/child.ts';

it('a process that hears of nothing any more is killed', async () => {
  const child = startChild(resolve('dist/rig/load/process/load-part.js'), { endsWithinMs: 50 });
  await child.usage();
  process.kill(child.pid!, 'SIGSTOP');
  await child.stop();
  expect(await child.ended).toBe('SIGKILL');
});
