import { expect, it } from 'vitest';
import { secondsBefore, toEpochSeconds, toFractionalEpochSeconds } from '../../protocol/time.ts';

it('writes whole seconds for devices, milliseconds as a fraction for operators', () => {
  expect(toEpochSeconds(1_486_687_079_743)).toBe(1_486_687_079);
  expect(toFractionalEpochSeconds(1_486_687_079_743)).toBe(1_486_687_079.743);
});

it.each([
  [600_000, 599],
  [599_001, 599],
  [599_000, 598],
  [1000, 0],
  [1, 0],
  [0, 0],
  [-5000, 0],
])('%d ms before a deadline are %d seconds on the wire', (left, seconds) => {
  expect(secondsBefore(10_000 + left, 10_000)).toBe(seconds);
});
