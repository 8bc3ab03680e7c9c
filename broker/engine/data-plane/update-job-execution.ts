/**
 * UpdateJobExecution: what a device reports. Looked up, then the version, then the transition; whatever fails first is told
 * and changes nothing (which of the two that is, is a switch of the profile).
 * Source: reference mqtt-api.md §5.4 and §5.5, ambiguities.md A2 and A20.
 */
import type { DeviceOperations } from '../../../protocol/device-api.ts';
import { advanceExecution } from '../conclusion.ts';
import type { Reply } from '../contract.ts';
import { findDeviceExecution } from '../device-executions.ts';
import { documentFor } from '../job-document.ts';
import { executionNotFound, forbiddenTransition, versionMismatch } from '../refusals.ts';
import { accept } from '../reply.ts';
import { findTransition } from '../transitions.ts';
import type { Turn } from '../turn.ts';

type Operation = DeviceOperations['UpdateJobExecution'];

export function updateJobExecution(turn: Turn, request: Operation['request']): Reply<Operation['response']> {
  const { jobId, thingName, status, expectedVersion } = request;
  const execution = findDeviceExecution(turn.state, request);
  if (execution === undefined) return executionNotFound(jobId, thingName);
  const { row } = execution;
  const isAllowed = findTransition(row.status, status, 'device', false) !== undefined;
  const isStale = expectedVersion !== undefined && expectedVersion !== row.versionNumber;
  const isLate = !isAllowed && turn.state.profile.firstRefusal === 'state';
  if (isStale && !isLate) return versionMismatch(expectedVersion, row);
  if (!isAllowed) return forbiddenTransition(status, row);
  const { statusDetails, stepTimeoutInMinutes } = request;
  advanceExecution(turn, execution, status, 'device', { statusDetails, stepTimeoutInMinutes });
  return accept({
    executionState: request.includeJobExecutionState ? execution.row : undefined,
    jobDocument: request.includeJobDocument ? documentFor(turn.state, execution) : undefined,
  });
}
