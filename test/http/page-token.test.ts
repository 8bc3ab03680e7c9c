/** The token of the rig's own page: of one start only, and nothing like it will do. */
import { expect, it } from 'vitest';
import { createPageToken } from '../../broker/http/page-token.ts';

it('matches itself and nothing else', () => {
  const [token, other] = [createPageToken(), createPageToken()];
  expect(token.text).toMatch(/^[\w-]{43}$/);
  expect(token.matches(token.text)).toBe(true);
  for (const given of [undefined, '', token.text.slice(1), `${token.text} `, token.text.toUpperCase(), other.text]) {
    expect(token.matches(given)).toBe(false);
  }
});
