/**
 * DeleteThingType: only a deprecated one that no thing has; a strict service also waits five minutes, as AWS does.
 * Source: reference shadow-and-provisioning.md §2. Assumed: the texts.
 */
import type { DeleteThingTypeRequest, DeleteThingTypeResponse } from '../../../protocol/aws/iot.ts';
import { formatThingTypeArn } from '../../../protocol/names.ts';
import { msPerMinute } from '../../../protocol/time.ts';
import type { Reply } from '../contract.ts';
import { invalidRequest } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { setTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { isTypeInUse, thingTypeNamed } from './thing-types.ts';

const waitMs = 5 * msPerMinute;

export function deleteThingType(turn: Turn, { thingTypeName }: DeleteThingTypeRequest): Reply<DeleteThingTypeResponse> {
  const { state, now } = turn;
  const thingType = thingTypeNamed(state, thingTypeName);
  if ('accepted' in thingType) return thingType;
  const { deprecatedAt } = thingType.row;
  if (deprecatedAt === undefined) {
    return invalidRequest(`Thing type ${thingTypeName} cannot be deleted: it is not deprecated.`);
  }
  if (state.strict && now - deprecatedAt < waitMs) {
    return invalidRequest(`Thing type ${thingTypeName} cannot be deleted until 5 minutes after its deprecation.`);
  }
  if (isTypeInUse(state, thingTypeName)) {
    return invalidRequest(`Thing type ${thingTypeName} cannot be deleted: things are associated with it.`);
  }
  state.thingTypes.delete(thingTypeName);
  state.thingTypeList.remove(thingType);
  turn.drop('thingType', thingTypeName);
  setTags(turn, formatThingTypeArn(state.identity, thingTypeName), {});
  return acceptedEmpty;
}
