/**
 * Every way in which the engine says no, with the words for it. Where the reference quotes AWS's text, it is that text;
 * the other texts are ours, in the same manner.
 * Source: reference http-api.md §2, configs.md §6 and §8, templates.md §1.
 */
import type { JobExecution } from '../../protocol/device-api.ts';
import type { RejectionCode } from '../../protocol/rejections.ts';
import type { JobExecutionStatus } from '../../protocol/status.ts';
import type { Rejected } from './contract.ts';

/** All of one shape: whether a reply is a yes is read at every command. */
function refuse(
  code: RejectionCode,
  message: string,
  { executionState, members }: Pick<Rejected, 'executionState' | 'members'> = {},
): Rejected {
  return { accepted: false, code, message, executionState, members };
}

export function invalidRequest(message: string): Rejected {
  return refuse('InvalidRequest', message);
}

// Registry

export function thingNotFound(thingName: string): Rejected {
  return refuse('ResourceNotFound', `Thing ${thingName} cannot be found.`);
}

export function groupNotFound(groupName: string): Rejected {
  return refuse('ResourceNotFound', `Thing Group ${groupName} cannot be found.`);
}

export function resourceNotFound(resourceArn: string): Rejected {
  return refuse('ResourceNotFound', `Resource ${resourceArn} cannot be found.`);
}

/** The same name with other content; the exception carries what is there. */
export function alreadyExists(kind: string, name: string, resourceId: string, resourceArn: string): Rejected {
  return refuse('ResourceAlreadyExists', `${kind} ${name} already exists.`, { members: { resourceId, resourceArn } });
}

export function versionConflict(expected: number, found: number): Rejected {
  return refuse('VersionMismatch', versionText(expected, found));
}

// Jobs

export function jobNotFound(jobId: string): Rejected {
  return refuse('ResourceNotFound', `Job ${jobId} cannot be found.`);
}

export function targetNotFound(target: string): Rejected {
  return refuse('ResourceNotFound', `Target ${target} cannot be found.`);
}

/** For what a job's state does not allow and AWS calls a bad request: update, cancel, more targets. */
export function jobInStatus(jobId: string, status: string, cannotBe: string): Rejected {
  return invalidRequest(`Job ${jobId} in status ${status} cannot be ${cannotBe}.`);
}

export function jobNotDeletable(jobId: string, status: string): Rejected {
  return refuse('InvalidStateTransition', `Job ${jobId} in status ${status} cannot be deleted.`);
}

export function limitExceeded(message: string): Rejected {
  return refuse('LimitExceeded', message);
}

export function templateNotFound(jobTemplateId: string): Rejected {
  return refuse('ResourceNotFound', `Job Template ${jobTemplateId} cannot be found.`);
}

export function templateExists(jobTemplateId: string): Rejected {
  return refuse('Conflict', `Job Template ${jobTemplateId} already exists.`);
}

// Job executions

export function executionNotFound(jobId: string, thingName: string): Rejected {
  return refuse('ResourceNotFound', `Job execution of job ${jobId} on thing ${thingName} cannot be found.`);
}

export function versionMismatch(expected: number, execution: JobExecution): Rejected {
  return refuse('VersionMismatch', versionText(expected, execution.versionNumber), { executionState: execution });
}

export function forbiddenTransition(to: JobExecutionStatus, execution: JobExecution): Rejected {
  return refuse('InvalidStateTransition', `The status of job execution cannot be changed to be ${to}`, {
    executionState: execution,
  });
}

export function executionNotDeletable(execution: JobExecution): Rejected {
  return refuse(
    'InvalidStateTransition',
    `Job execution in status ${execution.status} cannot be deleted without force.`,
    { executionState: execution },
  );
}

export function terminalStateReached(): Rejected {
  return refuse(
    'TerminalStateReached',
    'Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED',
  );
}

export function jobBeingDeleted(jobId: string): Rejected {
  return refuse('InvalidStateTransition', `Job ${jobId} is being deleted.`);
}

// Certificates, policies, thing types, provisioning

export function certificateNotFound(principal: string): Rejected {
  return refuse('ResourceNotFound', `Certificate ${principal} cannot be found.`);
}

export function certificateInState(message: string): Rejected {
  return refuse('CertificateState', message);
}

export function deleteConflict(message: string): Rejected {
  return refuse('DeleteConflict', message);
}

export function policyNotFound(policyName: string): Rejected {
  return refuse('ResourceNotFound', `Policy ${policyName} cannot be found.`);
}

export function policyVersionNotFound(policyName: string, versionId: string): Rejected {
  return refuse('ResourceNotFound', `Version ${versionId} of policy ${policyName} cannot be found.`);
}

export function malformedPolicy(message: string): Rejected {
  return refuse('MalformedPolicy', message);
}

export function tooManyPolicyVersions(policyName: string): Rejected {
  return refuse('VersionsLimitExceeded', `The policy ${policyName} already has the maximum number of versions (5)`);
}

export function thingTypeNotFound(thingTypeName: string): Rejected {
  return refuse('ResourceNotFound', `Thing Type ${thingTypeName} cannot be found.`);
}

export function provisioningTemplateNotFound(templateName: string): Rejected {
  return refuse('ResourceNotFound', `Provisioning Template ${templateName} cannot be found.`);
}

export function templateVersionNotFound(templateName: string, versionId: number): Rejected {
  return refuse('ResourceNotFound', `Version ${versionId} of provisioning template ${templateName} cannot be found.`);
}

export function tooManyTemplateVersions(templateName: string): Rejected {
  return refuse(
    'VersionsLimitExceeded',
    `The provisioning template ${templateName} already has the maximum number of versions (5)`,
  );
}

export function registrationFailed(message: string): Rejected {
  return refuse('ResourceRegistrationFailure', message);
}

// Shadows

/** @param name of the shadow; the classic one goes by the name of its thing. */
export function shadowNotFound(name: string): Rejected {
  return refuse('ResourceNotFound', `No shadow exists with name: '${name}'`);
}

export function shadowConflict(): Rejected {
  return refuse('VersionMismatch', 'Version conflict');
}

export function shadowTooLarge(): Rejected {
  return refuse('RequestEntityTooLarge', 'The payload exceeds the maximum size allowed');
}

// Streams and OTA updates

export function streamNotFound(streamId: string): Rejected {
  return refuse('ResourceNotFound', `Stream ${streamId} cannot be found.`);
}

export function otaUpdateNotFound(otaUpdateId: string): Rejected {
  return refuse('ResourceNotFound', `OTA update ${otaUpdateId} cannot be found.`);
}

/** Of the errors that DeleteOTAUpdate has, the one for a state that is another than the caller believes. */
export function otaUpdateBeingDeleted(otaUpdateId: string): Rejected {
  return refuse('VersionMismatch', `OTA update ${otaUpdateId} is being deleted.`);
}

// Lists

export function badToken(): Rejected {
  return invalidRequest('Next token is invalid.');
}

export function badMarker(): Rejected {
  return invalidRequest('Marker is invalid.');
}

function versionText(expected: number, found: number): string {
  return `Expected version ${expected} but found version ${found}`;
}
