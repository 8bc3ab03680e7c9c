/** DeprecateThingType: it takes no new things until that is undone. Source: reference shadow-and-provisioning.md §2. */
import type { DeprecateThingTypeRequest, DeprecateThingTypeResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { acceptedEmpty } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { replaceThingType, thingTypeNamed } from './thing-types.ts';

export function deprecateThingType(
  turn: Turn,
  { thingTypeName, undoDeprecate }: DeprecateThingTypeRequest,
): Reply<DeprecateThingTypeResponse> {
  const thingType = thingTypeNamed(turn.state, thingTypeName);
  if ('accepted' in thingType) return thingType;
  const { deprecatedAt = turn.now, ...rest } = thingType.row;
  replaceThingType(turn, thingType, undoDeprecate === true ? rest : { ...rest, deprecatedAt });
  return acceptedEmpty;
}
