/**
 * DescribeJobExecution of the data plane: pending executions only; history is the control plane's. `$next` is the head of
 * the queue, or nothing.
 * Source: reference mqtt-api.md §5.3, ambiguities.md A29.
 */
import { isTerminal } from '../../../protocol/status.ts';
import type { DescribedExecution, DeviceOperations } from '../../../protocol/device-api.ts';
import { nextJobId } from '../../../protocol/topics.ts';
import type { Reply } from '../contract.ts';
import { findDeviceExecution } from '../device-executions.ts';
import { documentFor } from '../job-document.ts';
import { headOf } from '../pending-queue.ts';
import { executionNotFound, terminalStateReached, thingNotFound } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findRegistration, pendingQueueOf, type Execution, type State } from '../state.ts';
import type { Turn } from '../turn.ts';

type Operation = DeviceOperations['DescribeJobExecution'];

export function describeJobExecution({ state }: Turn, request: Operation['request']): Reply<DescribedExecution> {
  const { thingName, jobId, namespaceId, includeJobDocument = true } = request;
  if (jobId !== nextJobId) {
    const execution = findDeviceExecution(state, request);
    if (execution === undefined) return executionNotFound(jobId, thingName);
    return isTerminal(execution.row.status)
      ? terminalStateReached()
      : accept(described(state, execution, includeJobDocument));
  }
  const registration = findRegistration(state, thingName);
  if (registration === undefined) return thingNotFound(thingName);
  const queue = pendingQueueOf(registration.thing, namespaceId);
  const head = queue && headOf(queue);
  return accept(head === undefined ? {} : described(state, head, includeJobDocument));
}

function described(state: State, execution: Execution, includeJobDocument: boolean): DescribedExecution {
  const jobDocument = includeJobDocument ? documentFor(state, execution) : undefined;
  return { execution: execution.row, jobDocument };
}
