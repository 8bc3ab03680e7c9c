/**
 * DescribeThing. The default client id is the thing's name.
 * Source: reference http-api.md §6.
 */
import type { DescribeThingRequest, DescribeThingResponse } from '../../../protocol/aws/iot.ts';
import { formatThingArn } from '../../../protocol/names.ts';
import type { Reply } from '../contract.ts';
import { thingIdOf } from '../identifiers.ts';
import { thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration } from '../state.ts';
import type { Turn } from '../turn.ts';

export function describeThing({ state }: Turn, { thingName }: DescribeThingRequest): Reply<DescribeThingResponse> {
  const row = findRegistration(state, thingName)?.row;
  if (row === undefined) return thingNotFound(thingName);
  return accept({
    defaultClientId: thingName,
    thingName,
    thingId: thingIdOf(row),
    thingArn: formatThingArn(state.identity, thingName),
    thingTypeName: row.thingTypeName,
    attributes: row.attributes,
    version: row.version,
    billingGroupName: row.billingGroupName,
  });
}
