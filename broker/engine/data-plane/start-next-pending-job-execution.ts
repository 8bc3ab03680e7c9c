/**
 * StartNextPendingJobExecution: starts the head of the queue, or hands out again what is running already; then only the step
 * timer is changed.
 * Source: reference mqtt-api.md §5.2, ambiguities.md A11.
 */
import type { DeviceOperations } from '../../../protocol/device-api.ts';
import type { Reply } from '../contract.ts';
import { moveExecution, retimeExecution } from '../executions.ts';
import { documentFor } from '../job-document.ts';
import { headOf } from '../pending-queue.ts';
import { thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration, pendingQueueOf } from '../state.ts';
import type { Turn } from '../turn.ts';

type Operation = DeviceOperations['StartNextPendingJobExecution'];

export function startNextPendingJobExecution(
  turn: Turn,
  { thingName, namespaceId, statusDetails, stepTimeoutInMinutes }: Operation['request'],
): Reply<Operation['response']> {
  const registration = findRegistration(turn.state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  const queue = pendingQueueOf(registration.thing, namespaceId);
  const head = queue && headOf(queue);
  if (head === undefined) return accept({});
  if (head.row.status === 'QUEUED') {
    moveExecution(turn, head, 'IN_PROGRESS', 'device', { statusDetails, stepTimeoutInMinutes });
  } else if (stepTimeoutInMinutes !== undefined) {
    retimeExecution(turn, head, stepTimeoutInMinutes);
  }
  return accept({ execution: head.row, jobDocument: documentFor(turn.state, head) });
}
