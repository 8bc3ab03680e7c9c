/** A program that takes its image from an MQTT stream, under `jobrig check`: a stream for each job, faults in its blocks. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { allPass, check, verdicts } from './checked.ts';
import { testFolder } from '../support/folders.ts';

it('passes where blocks and requests for them are lost and come twice', async () => {
  const directory = testFolder();
  const document = join(directory, 'document.json');
  writeFileSync(document, JSON.stringify({ stream: '{stream}', size: '{size}', sha256: '{sha256}' }));
  try {
    const command = [process.execPath, resolve('test/support/stream-agent.mjs')];
    const result = await check(command, ['stream-blocks-lost', 'stream-blocks-twice'], { document });
    expect(result.portrait?.downloadsBy).toEqual(['stream']);
    expect(verdicts(result)).toEqual(allPass(result));
    expect(Object.keys(verdicts(result))).toEqual(['stream-blocks-lost', 'stream-blocks-twice']);
    const injected = result.results.map(
      ({ runs }) => runs[0]?.observations?.filter(({ kind }) => kind === 'fault').length,
    );
    expect(injected).toEqual([6, expect.any(Number)]);
  } finally {
  }
}, 240_000);
