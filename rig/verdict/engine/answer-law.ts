/**
 * What a command about executions must be answered, by what was there before it: accepted, or the first of AWS's reasons to say
 * no. Stated a second time, like execution-law.ts: by hand from the reference, without the engine's handlers.
 * Source: reference mqtt-api.md §5, lifecycle.md §6 and §7, ambiguities.md A20, A29 and A39.
 */
import type { Command, Outcome } from '../../../broker/engine/contract.ts';
import type { Profile } from '../../../broker/engine/profile.ts';
import type { ExecutionRow } from '../../../broker/engine/rows.ts';
import { isOver, isUpdate, type Objection } from './execution-law.ts';
import { newestOf, type Ledger } from './execution-ledger.ts';

/** What a command that concerns one execution must be answered: `accepted`, or AWS's reason; `undefined` for other commands. */
export function dueAnswer(command: Command, ledger: Ledger, profile: Profile): string | undefined {
  switch (command.name) {
    case 'iotjobsdata:UpdateJobExecution':
      return dueToUpdate(command.request, ledger, profile);
    case 'iotjobsdata:StartNextPendingJobExecution':
    case 'iotjobsdata:GetPendingJobExecutions':
      return ledger.things.has(command.request.thingName) ? 'accepted' : 'ResourceNotFound';
    case 'iotjobsdata:DescribeJobExecution': {
      const { request } = command;
      if (request.jobId === '$next') return ledger.things.has(request.thingName) ? 'accepted' : 'ResourceNotFound';
      const row = deviceExecution(request, ledger, profile);
      if (row === undefined) return 'ResourceNotFound';
      return isOver(row) ? 'TerminalStateReached' : 'accepted';
    }
    case 'iot:CancelJobExecution': {
      const { jobId, thingName, force, expectedVersion } = command.request;
      const row = newestOf(ledger, jobId, thingName);
      if (row === undefined) return 'ResourceNotFound';
      if (ledger.jobs.get(jobId)?.row.status === 'DELETION_IN_PROGRESS') return 'InvalidStateTransition';
      if (expectedVersion !== undefined && expectedVersion !== row.versionNumber) return 'VersionMismatch';
      return row.status === 'QUEUED' || (row.status === 'IN_PROGRESS' && force === true)
        ? 'accepted'
        : 'InvalidStateTransition';
    }
    case 'iot:DeleteJobExecution': {
      const { jobId, thingName, executionNumber, namespaceId, force } = command.request;
      const job = ledger.jobs.get(jobId);
      if (job === undefined || (namespaceId !== undefined && job.row.namespaceId !== namespaceId))
        return 'ResourceNotFound';
      const row = numbered(ledger, jobId, thingName, executionNumber);
      if (row === undefined) return 'ResourceNotFound';
      if (job.row.status === 'DELETION_IN_PROGRESS') return 'InvalidStateTransition';
      return row.status === 'IN_PROGRESS' && force !== true ? 'InvalidStateTransition' : 'accepted';
    }
    default:
      return undefined;
  }
}

type UpdateRequest = Extract<Command, { readonly name: 'iotjobsdata:UpdateJobExecution' }>['request'];

/** Looked up, then the version, then the transition; the last two in the order of A20. */
function dueToUpdate(request: UpdateRequest, ledger: Ledger, profile: Profile): string {
  const row = deviceExecution(request, ledger, profile);
  if (row === undefined) return 'ResourceNotFound';
  const isStale = request.expectedVersion !== undefined && request.expectedVersion !== row.versionNumber;
  const isForbidden = !isUpdate(row.status, request.status);
  if (isStale && isForbidden) return profile.firstRefusal === 'state' ? 'InvalidStateTransition' : 'VersionMismatch';
  if (isStale) return 'VersionMismatch';
  return isForbidden ? 'InvalidStateTransition' : 'accepted';
}

interface DeviceAddress {
  readonly jobId: string;
  readonly thingName: string;
  readonly namespaceId?: string;
  readonly executionNumber?: number;
}

/** For a device, the executions of a job under deletion, of another namespace and of a deleted thing do not exist. */
function deviceExecution(address: DeviceAddress, ledger: Ledger, profile: Profile): ExecutionRow | undefined {
  const { jobId, thingName, namespaceId, executionNumber } = address;
  const job = ledger.jobs.get(jobId)?.row;
  if (!ledger.things.has(thingName) || job?.namespaceId !== namespaceId || job?.status === 'DELETION_IN_PROGRESS') {
    return undefined;
  }
  const row = numbered(ledger, jobId, thingName, executionNumber);
  return row?.hidden === true && profile.hiddenExecution === 'not found' ? undefined : row;
}

function numbered(
  ledger: Ledger,
  jobId: string,
  thingName: string,
  number: number | undefined,
): ExecutionRow | undefined {
  if (number === undefined) return newestOf(ledger, jobId, thingName);
  for (const row of ledger.executionsOf(jobId, thingName)) if (row.executionNumber === number) return row;
  return undefined;
}

/** @returns what is wrong with an answer, given what was due before the command. */
export function objectionToAnswer(
  { name }: Command,
  { reply }: Outcome,
  due: string | undefined,
): Objection | undefined {
  if (due === undefined) return undefined;
  const given = reply.accepted ? 'accepted' : reply.code;
  if (given === due) return undefined;
  const isVersion = due === 'VersionMismatch' || given === 'VersionMismatch';
  return { broke: isVersion ? 'E2' : 'E4', message: `${name} is answered ${given} instead of ${due}` };
}
