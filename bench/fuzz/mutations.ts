/** Ways to spoil proper input: bytes, texts and JSON that no well-behaved client would send. All by seeded chance. */
import type { Chance } from '../../faults/chance.ts';

const percent = 10_000;

export function often(chance: Chance, percentage: number): boolean {
  return chance.happens(percentage * percent);
}

/** One to four changes: a byte set, bytes taken away, inserted or doubled, the end cut off. */
export function spoilBytes(chance: Chance, bytes: Buffer): Buffer {
  let spoiled = bytes;
  for (let left = chance.between(1, 4); left > 0; left -= 1) spoiled = spoilOnce(chance, spoiled);
  return spoiled;
}

function spoilOnce(chance: Chance, bytes: Buffer): Buffer {
  const at = chance.between(0, Math.max(0, bytes.length - 1));
  const end = Math.min(bytes.length, at + chance.between(1, 8));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (chance.between(0, 5)) {
    case 0:
      return Buffer.concat([before, Buffer.from([chance.between(0, 255)]), bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([before, Buffer.from([chance.pick([0, 0x7f, 0x80, 0xff])]), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, middle, middle, after]);
    case 4:
      return Buffer.concat([before, noise(chance, chance.between(1, 16)), bytes.subarray(at)]);
    default:
      return before;
  }
}

export function noise(chance: Chance, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 1) bytes[at] = chance.between(0, 255);
  return bytes;
}

const oddTexts: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '/',
  '//',
  '//[',
  '\\',
  '../../etc/passwd',
  '%2e%2e%2f',
  '%',
  '%00',
  '%ff',
  '\u0000',
  'a\u0000b',
  '\u0001',
  '\u001b0000',
  '\u007f\u0085',
  '\ud800',
  '\udfffx',
  '\ufffd',
  '\ufffe',
  '\ufdd0',
  '\u{10ffff}',
  '\ufeffbom',
  '\u202egnp',
  '\u2028',
  'e\u0301',
  '\u{1f600}',
  'a/b',
  '#',
  '+',
  '$aws',
  '$SYS/x',
  '$share/g/x',
  '$next',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '-1',
  '1e999',
  'x'.repeat(129),
  'x'.repeat(4097),
  '${aws:iot:s3-presigned-url:s3://b/k}',
  '${aws:iot:parameter:x}',
  '\r\nSet-Cookie: a=b',
  "'; DROP TABLE row; --",
];

export function oddText(chance: Chance): string {
  return chance.pick(oddTexts);
}

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [[]],
  [null],
  { a: { b: { c: {} } } },
  { '': '' },
  'IN_PROGRESS',
  'SUCCEEDED',
  '1',
];

export function oddValue(chance: Chance): unknown {
  return often(chance, 50) ? chance.pick(oddValues) : oddText(chance);
}

/** An object with some of its members changed, left out, or joined by odd ones. */
export function spoilObject(chance: Chance, object: Readonly<Record<string, unknown>>): object {
  const entries = Object.entries(object).flatMap(([name, value]): [string, unknown][] => {
    if (often(chance, 15)) return [];
    return [[name, often(chance, 25) ? oddValue(chance) : value]];
  });
  if (often(chance, 20)) entries.push([oddText(chance), oddValue(chance)]);
  return Object.fromEntries(entries);
}

const deep = ['['.repeat(5000), `${'['.repeat(5000)}${']'.repeat(5000)}`, '{"a":'.repeat(2000)].map((text) =>
  Buffer.from(text),
);

/** Its JSON text, which may be spoiled as well. */
export function spoilJson(chance: Chance, object: Readonly<Record<string, unknown>>): Buffer {
  if (often(chance, 1)) return chance.pick(deep);
  const text = Buffer.from(JSON.stringify(often(chance, 60) ? spoilObject(chance, object) : object));
  return often(chance, 15) ? spoilBytes(chance, text) : text;
}
