/** The documents in `fixtures/job-documents`: each is one that AWS would take, and the special ones are what they claim. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { maxDocumentBytes } from '../../protocol/limits.ts';
import { documentProblem } from '../../protocol/request-rules.ts';

const folder = fileURLToPath(new URL('../../fixtures/job-documents/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const read = (file: string): Buffer => readFileSync(folder + file);

describe('fixtures/job-documents', () => {
  it.each(files)('%s is a job document', (file) => {
    expect(documentProblem(read(file).toString())).toBeUndefined();
  });

  it.each(files)('%s is explained in the README', (file) => {
    expect(read('README.md').toString()).toContain(`\`${file}\``);
  });

  it('limit-32768-bytes.json is at the limit, in bytes and not in characters', () => {
    const bytes = read('limit-32768-bytes.json');
    expect(bytes.length).toBe(maxDocumentBytes);
    expect(bytes.toString().length).toBeLessThan(maxDocumentBytes);
    expect(documentProblem(`${bytes.toString()} `)).toContain(`${maxDocumentBytes + 1} bytes`);
  });

  it('unicode.json holds what its name promises', () => {
    const text = read('unicode.json').toString();
    for (const needle of ['温', 'ع', 'ש', '🔧', '\u2028', '\\u2028', '\\ud83d\\ude80', '\\u0007'])
      expect(text).toContain(needle);
  });
});
