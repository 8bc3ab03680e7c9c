import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogName, catalogSources } from '../../../rig/verdict/catalog.ts';

describe('the catalogue of recovery bugs', () => {
  const entries = [...readFileSync('docs/recovery-bugs.md', 'utf8').matchAll(/^- (R\d+) (.*?) · .*$/gm)];

  it('has every bug of docs/recovery-bugs.md, and no other', () => {
    expect(entries.length).toBeGreaterThan(0);
    expect(Object.keys(catalogSources)).toEqual(entries.map(([, id]) => id));
  });

  it('names a source that stands in the entry', () => {
    for (const [line, id = ''] of entries) expect(line).toContain(catalogSources[id]);
  });

  it('names sources that a stranger finds: a project, or a page of AWS', () => {
    const found = /^(?:API_|[\w.-]+\/\w|[\w.-]+ ?(?:PR)?#\d|[\w-]+ (?:\w+\.java|[0-9a-f]{8}))/;
    for (const source of Object.values(catalogSources)) expect(source).toMatch(found);
  });

  it('names a bug with its source', () => {
    expect(catalogName('R21')).toBe('R21 (aws-iot-device-client PR#226)');
    expect(catalogName('R999')).toBe('R999');
  });
});
