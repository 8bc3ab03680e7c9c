/** What a process that a service starts is to its starter. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

it('is gone, without a word, with a starter that ends before it has begun', async () => {
  const script = resolve(import.meta.dirname, '../support/gone-starter.mjs');
  // It is over when nobody can write any more, the door included.
  const ended = await new Promise((done) => {
    execFile(process.execPath, [script], (error, stdout, stderr) => done({ error, stdout, stderr }));
  });
  expect(ended).toEqual({ error: null, stdout: '', stderr: '' });
});
