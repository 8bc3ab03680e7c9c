/**
 * ListThings, oldest first, with its filters by attribute and thing type.
 * Source: reference http-api.md §6.
 */
import type { ListThingsRequest, ListThingsResponse } from '../../../protocol/aws/iot.ts';
import { formatThingArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { ThingRow } from '../rows.ts';
import type { Turn } from '../turn.ts';

export function listThings({ state }: Turn, request: ListThingsRequest): Reply<ListThingsResponse> {
  const page = pageOf(state, request, {
    list: 'things',
    ...inOrderOf(state.registrations, 'oldest first'),
    matches: ({ row }) => isMatch(row, request),
  });
  if (page === undefined) return badToken();
  return accept({
    things: page.entries.map(({ row: { thingName, thingTypeName, attributes, version } }) => ({
      thingName,
      thingTypeName,
      thingArn: formatThingArn(state.identity, thingName),
      attributes,
      version,
    })),
    nextToken: page.nextToken,
  });
}

function isMatch(row: ThingRow, request: ListThingsRequest): boolean {
  const { attributeName, attributeValue, thingTypeName, usePrefixAttributeValue } = request;
  if (thingTypeName !== undefined && row.thingTypeName !== thingTypeName) return false;
  if (attributeName === undefined) return true;
  const value = row.attributes[attributeName];
  if (value === undefined || attributeValue === undefined) return value !== undefined;
  return usePrefixAttributeValue ? value.startsWith(attributeValue) : value === attributeValue;
}
