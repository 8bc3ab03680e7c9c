/**
 * CreateThing: idempotent for identical content, refused for other content under the same name. A thing type
 * may be in no registry, and a billing group always is: they are kept as labels then.
 * Source: reference http-api.md §6.
 */
import type { CreateThingRequest, CreateThingResponse } from '../../../protocol/aws/iot.ts';
import { formatThingArn } from '../../../protocol/names.ts';
import { isSameAttributes, tooManyThingAttributes, updatedAttributes } from '../attributes.ts';
import type { Reply } from '../contract.ts';
import { refuseThingType } from '../provisioning/thing-types.ts';
import { thingEvent } from '../events.ts';
import { thingIdOf } from '../identifiers.ts';
import { alreadyExists } from '../refusals.ts';
import { accept } from '../reply.ts';
import type { ThingRow } from '../rows.ts';
import { findRegistration, type State } from '../state.ts';
import { holdThing } from '../things.ts';
import type { Turn } from '../turn.ts';

export function createThing(turn: Turn, request: CreateThingRequest): Reply<CreateThingResponse> {
  const { state } = turn;
  const { thingName, thingTypeName, billingGroupName, attributePayload } = request;
  const wanted: Omit<ThingRow, 'sequence'> = {
    thingName,
    version: 1,
    attributes: updatedAttributes({}, attributePayload),
    thingTypeName,
    billingGroupName,
    memberships: [],
  };
  const existing = findRegistration(state, thingName)?.row;
  if (existing !== undefined) {
    if (isSameContent(existing, wanted)) return accept(described(state, existing));
    return alreadyExists('Thing', thingName, thingIdOf(existing), formatThingArn(state.identity, thingName));
  }
  const refusal = refuseThingType(state, thingTypeName) ?? tooManyThingAttributes({ ...wanted, sequence: 0 });
  if (refusal !== undefined) return refusal;
  const row = { sequence: turn.createSequence(), ...wanted };
  holdThing(state, row);
  turn.put('thing', thingName, row);
  thingEvent(turn, row, 'created');
  return accept(described(state, row));
}

function isSameContent(existing: ThingRow, wanted: Omit<ThingRow, 'sequence'>): boolean {
  return (
    existing.thingTypeName === wanted.thingTypeName &&
    existing.billingGroupName === wanted.billingGroupName &&
    isSameAttributes(existing.attributes, wanted.attributes)
  );
}

function described(state: State, row: ThingRow): CreateThingResponse {
  const { thingName } = row;
  return { thingName, thingArn: formatThingArn(state.identity, thingName), thingId: thingIdOf(row) };
}
