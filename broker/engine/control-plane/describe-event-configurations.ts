/**
 * DescribeEventConfigurations: every kind of event, off until it is switched on.
 * Source: reference events.md §1.
 */
import type { DescribeEventConfigurationsResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { eventTypes, isEventEnabled } from '../events.ts';
import { accept } from '../reply.ts';
import type { Turn } from '../turn.ts';

export function describeEventConfigurations({ state }: Turn): Reply<DescribeEventConfigurationsResponse> {
  return accept({
    eventConfigurations: Object.fromEntries(
      eventTypes.map((type) => [type, { Enabled: isEventEnabled(state, type) }] as const),
    ),
    creationDate: state.eventConfigurations?.createdAt,
    lastModifiedDate: state.eventConfigurations?.lastModifiedAt,
  });
}
