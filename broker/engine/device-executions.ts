/**
 * What a device may see of executions: those of its own thing, in the namespace that it speaks of, while the thing exists and
 * the job is not being deleted. Everything else is not there for it. Outside its window an execution can still be
 * reached by who knows its job's id (A39).
 * Source: reference mqtt-api.md §5.3 and §7, lifecycle.md §7.
 */
import { findExecution, type Execution, type State } from './state.ts';

interface DeviceAddress {
  readonly jobId: string;
  readonly thingName: string;
  readonly namespaceId?: string;
  readonly executionNumber?: number;
}

export function findDeviceExecution(state: State, address: DeviceAddress): Execution | undefined {
  const { jobId, thingName, namespaceId, executionNumber } = address;
  const job = state.jobs.get(jobId);
  if (job === undefined || job.row.namespaceId !== namespaceId || job.row.status === 'DELETION_IN_PROGRESS') {
    return undefined;
  }
  const execution = findExecution(job, thingName, executionNumber);
  if (execution?.thing.registration === undefined) return undefined;
  return execution.row.hidden === true && state.profile.hiddenExecution === 'not found' ? undefined : execution;
}
