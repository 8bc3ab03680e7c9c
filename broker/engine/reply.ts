/** The two forms of a yes: with something to say, and with nothing (`{}` or an empty body, which the doors know). */
import type { Accepted } from './contract.ts';

export function accept<Response>(response: Response): Accepted<Response> {
  return { accepted: true, response };
}

const nothing: Readonly<Record<never, never>> = Object.freeze({});

/** For operations that answer an empty structure. */
export const acceptedEmpty: Accepted<Readonly<Record<never, never>>> = Object.freeze(accept(nothing));

/** For operations that answer nothing at all. */
export const acceptedNothing: Accepted<undefined> = Object.freeze(accept(undefined));
