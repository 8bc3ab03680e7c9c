/**
 * docs/hardware.md tells what the profiles and the table of figures say: its tables are drawn from them. After a change,
 * `npx vitest run test/docs -u` draws them anew.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { figureRanges } from '../../agent/device/figures.ts';
import type { HardwareProfile } from '../../agent/device/profile.ts';
import { assumedFigures } from '../../agent/device/profile.ts';
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';

const page = 'docs/hardware.md';
const profiles = readHardwareProfiles('mix');

type Column = readonly [title: string, paths: readonly string[], text: (...values: readonly number[]) => string];

const columns: readonly Column[] = [
  ['RAM', ['ram.usableBytes'], bytes],
  ['MQTT buffer', ['ram.mqttBufferBytes'], bytes],
  ['TLS', ['ram.tlsBytes'], bytes],
  ['Slot', ['flash.slotBytes'], bytes],
  ['Sector', ['flash.sectorBytes'], bytes],
  ['Erase', ['flash.eraseSectorMs', 'flash.eraseSectorMaxMs'], span],
  ['Endurance', ['flash.enduranceErases'], String],
  ['Watchdog', ['cpu.watchdogMs'], (ms) => `${ms / 1000} s`],
  ['Download', ['link.downloadBytesPerMs'], (rate) => `${rate * 8} kbit/s`],
  ['Latency', ['link.latencyMs', 'link.latencyMaxMs'], span],
  ['Radio sleeps', ['link.sleepMs'], (ms) => (ms === 0 ? '–' : `${ms / 1000} s`)],
];

function bytes(count: number): string {
  if (count >= 1_048_576) return `${Math.round((count / 1_048_576) * 100) / 100} MB`;
  return count >= 1024 ? `${Math.round(count / 102.4) / 10} KB` : `${count} B`;
}

function span(low: number, high: number): string {
  return low === high ? `${low} ms` : `${low}–${high} ms`;
}

function profileTable(): string {
  const titles = ['Profile', ...columns.map(([title]) => title), 'Assumed'];
  return table(titles, profiles.map(profileRow));
}

function profileRow(profile: HardwareProfile): readonly string[] {
  const sources = new Map(profile.sources.map(({ path, value, source }) => [path, { value, source }]));
  const assumed = assumedFigures(profile);
  const cells = columns.map(([, paths, text]) => {
    const figures = paths.map((path) => sources.get(path) ?? { value: NaN, source: '' });
    const star = figures.some(({ source }) => source.startsWith('assumed')) ? ' \\*' : '';
    return text(...figures.map(({ value }) => value)) + star;
  });
  return [`\`${profile.name}\``, ...cells, `${assumed.length} of ${profile.sources.length}`];
}

/** Each figure with the sentence that stands above it in the source. */
function figureRows(): readonly (readonly string[])[] {
  const source = readFileSync('agent/device/figures.ts', 'utf8');
  return Object.entries(figureRanges).flatMap(([group, figures]) =>
    Object.entries(figures).map(([name, { min, max }]) => {
      const sentence = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n\\s*${name}:`).exec(source)?.[1] ?? '';
      return [`\`${group}.${name}\``, `${min} to ${max}`, sentence];
    }),
  );
}

function figureTable(): string {
  return table(['Figure', 'Range', 'What it is'], figureRows());
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(titles), `|${titles.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function withSection(text: string, name: string, content: string): string {
  const section = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  expect(text).toMatch(section);
  return text.replace(section, `$1${content}\n$2`);
}

describe('docs/hardware.md', () => {
  it('has the tables that the profiles and the figures make', async () => {
    const text = readFileSync(page, 'utf8');
    const drawn = withSection(withSection(text, 'profiles', profileTable()), 'figures', figureTable());
    await expect(drawn).toMatchFileSnapshot(`../../${page}`);
  });

  it('says of every figure what it is', () => {
    for (const [path, , sentence] of figureRows()) expect(sentence, path).not.toBe('');
  });
});
