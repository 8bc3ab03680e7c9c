/**
 * UpdateEventConfigurations: kinds of events that are not named keep their setting. Only THING, JOB and
 * JOB_EXECUTION are ever emitted here.
 * Source: reference events.md §1.
 */
import type { UpdateEventConfigurationsRequest, UpdateEventConfigurationsResponse } from '../../../protocol/aws/iot.ts';
import type { Reply } from '../contract.ts';
import { acceptedEmpty } from '../reply.ts';
import { eventConfigurationsSetting } from '../rows.ts';
import type { Turn } from '../turn.ts';

export function updateEventConfigurations(
  turn: Turn,
  { eventConfigurations = {} }: UpdateEventConfigurationsRequest,
): Reply<UpdateEventConfigurationsResponse> {
  const { state, now } = turn;
  const before = state.eventConfigurations;
  const changes = Object.entries(eventConfigurations).map(([type, { Enabled }]) => [type, Enabled === true] as const);
  state.eventConfigurations = {
    enabled: { ...before?.enabled, ...Object.fromEntries(changes) },
    createdAt: before?.createdAt ?? now,
    lastModifiedAt: now,
  };
  turn.put('setting', eventConfigurationsSetting, state.eventConfigurations);
  return acceptedEmpty;
}
