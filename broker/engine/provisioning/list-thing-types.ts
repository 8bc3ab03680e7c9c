/** ListThingTypes, oldest first, or the one of that name. Source: reference shadow-and-provisioning.md §2. */
import type { ListThingTypesRequest, ListThingTypesResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { inOrderOf, pageOf } from '../page.ts';
import { badToken } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { describedType } from './thing-types.ts';

export function listThingTypes({ state }: Turn, request: ListThingTypesRequest): Reply<ListThingTypesResponse> {
  const { thingTypeName } = request;
  const page = pageOf(state, request, {
    list: 'thing-types',
    ...inOrderOf(state.thingTypeList, 'oldest first'),
    matches: ({ row }) => thingTypeName === undefined || row.thingTypeName === thingTypeName,
  });
  if (page === undefined) return badToken();
  return accept({ thingTypes: page.entries.map(({ row }) => describedType(state, row)), nextToken: page.nextToken });
}
