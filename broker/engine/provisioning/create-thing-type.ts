/** CreateThingType: again with the same content is no change. Source: reference shadow-and-provisioning.md §2. */
import type { CreateThingTypeRequest, CreateThingTypeResponse } from '../../../protocol/aws/iot.ts';
import { formatThingTypeArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { alreadyExists, invalidRequest } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { ThingTypeRow } from '../rows.ts';
import { isTooManyTags, setTags, withTags } from '../tags.ts';
import type { Turn } from '../turn.ts';
import { holdThingType, thingTypeIdOf } from './thing-types.ts';

export function createThingType(
  turn: Turn,
  { thingTypeName, thingTypeProperties = {}, tags }: CreateThingTypeRequest,
): Reply<CreateThingTypeResponse> {
  const { state } = turn;
  const thingTypeArn = formatThingTypeArn(state.identity, thingTypeName);
  const described = (row: ThingTypeRow): Reply<CreateThingTypeResponse> =>
    accept({ thingTypeName, thingTypeArn, thingTypeId: thingTypeIdOf(row) });
  const existing = state.thingTypes.get(thingTypeName)?.row;
  if (existing !== undefined) {
    const isSame = JSON.stringify(existing.properties) === JSON.stringify(thingTypeProperties);
    if (isSame) return described(existing);
    return alreadyExists('Thing Type', thingTypeName, thingTypeIdOf(existing), thingTypeArn);
  }
  const newTags = withTags({}, tags);
  if (isTooManyTags(newTags)) return invalidRequest('Too many tags.');
  const row = { sequence: turn.createSequence(), thingTypeName, properties: thingTypeProperties, createdAt: turn.now };
  holdThingType(state, row);
  turn.put('thingType', thingTypeName, row);
  setTags(turn, thingTypeArn, newTags);
  return described(row);
}
