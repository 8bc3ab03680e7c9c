import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeUtf8, utf8Length } from '../../protocol/utf8.ts';
import { texts } from './arbitraries.ts';

it('utf8Length › counts what an encoder writes, lone surrogates included', () => {
  const units = fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7fe, max: 0xe001 })));
  const anything = units.map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(fc.oneof(anything, texts), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text, 'utf8'));
    }),
  );
});

it('decodeUtf8 › gives back what was encoded', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(decodeUtf8(Buffer.from(text))).toBe(text);
    }),
  );
});

it.each([
  ['a lone continuation byte', [0x80]],
  ['a cut sequence', [0xe2, 0x82]],
  ['an encoded surrogate', [0xed, 0xa0, 0x80]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a byte that is never used', [0x7b, 0xff, 0x7d]],
])('decodeUtf8 › refuses %s', (_, bytes) => {
  expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
});
