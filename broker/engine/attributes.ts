/**
 * Attributes of things and groups: what a request's payload makes of the attributes that are there.
 * Source: reference http-api.md §6 (`merge` only on update), limits.md §4 (counts).
 */
import type { AttributePayload } from '../../protocol/aws/iot.ts';
import { maxThingAttributes, maxThingAttributesWithoutType, maxThingGroupAttributes } from '../../protocol/limits.ts';
import type { Rejected } from './contract.ts';
import { invalidRequest } from './refusals.ts';
import type { Attributes, ThingRow } from './rows.ts';

/** Replaced whole, or merged when asked to. An attribute that is given an empty value goes. */
export function updatedAttributes(before: Attributes, payload: AttributePayload | undefined): Attributes {
  if (payload?.attributes === undefined) return before;
  const after = payload.merge ? { ...before, ...payload.attributes } : payload.attributes;
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== ''));
}

export function tooManyThingAttributes({ attributes, thingTypeName }: ThingRow): Rejected | undefined {
  const most = thingTypeName === undefined ? maxThingAttributesWithoutType : maxThingAttributes;
  if (Object.keys(attributes).length <= most) return undefined;
  return invalidRequest(
    `A thing ${thingTypeName === undefined ? 'without thing type ' : ''}has at most ${most} attributes.`,
  );
}

export function tooManyGroupAttributes(attributes: Attributes): Rejected | undefined {
  if (Object.keys(attributes).length <= maxThingGroupAttributes) return undefined;
  return invalidRequest(`A thing group has at most ${maxThingGroupAttributes} attributes.`);
}

export function isSameAttributes(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
