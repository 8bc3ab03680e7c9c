/**
 * UpdateThing: attributes replaced or merged, thing type set or taken away, one version more.
 * Source: reference http-api.md §6.
 */
import type { UpdateThingRequest, UpdateThingResponse } from '../../../protocol/aws/iot.ts';
import { tooManyThingAttributes, updatedAttributes } from '../attributes.ts';
import type { Reply } from '../contract.ts';
import { thingEvent } from '../events.ts';
import { tellThing } from '../provisioning/attachments.ts';
import { refuseThingType } from '../provisioning/thing-types.ts';
import { thingNotFound, versionConflict } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';

export function updateThing(turn: Turn, request: UpdateThingRequest): Reply<UpdateThingResponse> {
  const { thingName, thingTypeName, attributePayload, expectedVersion, removeThingType } = request;
  const registration = findRegistration(turn.state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  const { row } = registration;
  if (expectedVersion !== undefined && expectedVersion !== row.version) {
    return versionConflict(expectedVersion, row.version);
  }
  const updated = {
    ...row,
    version: row.version + 1,
    attributes: updatedAttributes(row.attributes, attributePayload),
    thingTypeName: removeThingType ? undefined : (thingTypeName ?? row.thingTypeName),
  };
  const isOtherType = updated.thingTypeName !== row.thingTypeName;
  const refusal =
    (isOtherType ? refuseThingType(turn.state, updated.thingTypeName) : undefined) ?? tooManyThingAttributes(updated);
  if (refusal !== undefined) return refusal;
  registration.row = updated;
  turn.put('thing', thingName, updated);
  thingEvent(turn, updated, 'updated');
  tellThing(turn, thingName);
  return acceptedEmpty;
}
