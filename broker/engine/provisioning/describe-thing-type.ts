/** DescribeThingType. Source: reference shadow-and-provisioning.md §2. */
import type { DescribeThingTypeRequest, DescribeThingTypeResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';
import { describedType, thingTypeIdOf, thingTypeNamed } from './thing-types.ts';

export function describeThingType(
  { state }: Turn,
  { thingTypeName }: DescribeThingTypeRequest,
): Reply<DescribeThingTypeResponse> {
  const thingType = thingTypeNamed(state, thingTypeName);
  if ('accepted' in thingType) return thingType;
  return accept({ ...describedType(state, thingType.row), thingTypeId: thingTypeIdOf(thingType.row) });
}
