/**
 * ListNamedShadowsForThing: an unknown thing has an empty list. Assumed: in the order of the alphabet, 25 to a page.
 * Source: reference shadow-and-provisioning.md §1.
 */
import type {
  ListNamedShadowsForThingRequest,
  ListNamedShadowsForThingResponse,
} from '../../../protocol/aws/iot-data.ts';
import { toEpochSeconds } from '../../../protocol/time.ts';
import type { Reply } from '../contract.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { shadowNamesOf } from './shadows.ts';

const defaultPageSize = 25;
/** A token is this and the last name of the page before. */
const tokenPrefix = 'shadows.';

export function listNamedShadowsForThing(
  { state, now }: Turn,
  { thingName, nextToken, pageSize = defaultPageSize }: ListNamedShadowsForThingRequest,
): Reply<ListNamedShadowsForThingResponse> {
  if (nextToken !== undefined && !nextToken.startsWith(tokenPrefix)) return badToken();
  const after = nextToken?.slice(tokenPrefix.length) ?? '';
  const names = shadowNamesOf(state, thingName).filter((name) => name > after);
  const results = names.slice(0, pageSize);
  const last = results.at(-1);
  return accept({
    results,
    ...(names.length > results.length && { nextToken: `${tokenPrefix}${last}` }),
    timestamp: toEpochSeconds(now),
  });
}
