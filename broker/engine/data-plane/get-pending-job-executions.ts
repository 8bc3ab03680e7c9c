/**
 * GetPendingJobExecutions: the pending list of a thing, as `notify` would show it.
 * Source: reference mqtt-api.md §5.1.
 */
import type { DeviceOperations } from '../../../protocol/device-api.ts';
import type { Reply } from '../contract.ts';
import { shownOf } from '../pending-queue.ts';
import { thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration, pendingQueueOf } from '../state.ts';
import type { Turn } from '../turn.ts';

type Operation = DeviceOperations['GetPendingJobExecutions'];

export function getPendingJobExecutions(
  { state }: Turn,
  { thingName, namespaceId }: Operation['request'],
): Reply<Operation['response']> {
  const registration = findRegistration(state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  const queue = pendingQueueOf(registration.thing, namespaceId);
  return accept(queue === undefined ? { inProgress: [], queued: [] } : shownOf(queue));
}
