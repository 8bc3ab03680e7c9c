import { describe, expect, it } from 'vitest';
import * as limits from '../../protocol/limits.ts';
import { serverSideRules, shapeOf } from '../../protocol/operations.ts';
import { validateRequest } from '../../protocol/validation.ts';

function rule(where: string): object {
  const found = serverSideRules.find((candidate) => candidate.where === where);
  if (found === undefined) throw new Error(`no rule for ${where}`);
  return found;
}

describe('limits', () => {
  it.each([
    ['JobTargets', { max: limits.maxTargets }],
    ['DestinationPackageVersions', { max: limits.maxDestinationPackageVersions }],
    ['DetailsMap', { max: limits.maxStatusDetails }],
    ['DetailsValue', { max: limits.maxStatusDetailValueLength }],
    ['MaxJobExecutionsPerMin', { max: limits.maxRolloutPerMinute }],
    ['InProgressTimeoutInMinutes', limits.timeoutMinutes],
    ['StepTimeoutInMinutes', { ...limits.timeoutMinutes, alsoAllowed: [limits.dropStepTimer] }],
    ['RetryCriteriaList', { totalRetriesMax: limits.maxRetries }],
    ['ExpiresInSec', limits.presignedUrlSeconds],
    ['DeleteJob', { max: limits.maxJobsDeleting }],
    ['GetPendingJobExecutions', { max: limits.maxPendingShown, maxWithScheduling: limits.maxPendingShownWithSchedule }],
  ])('agree with the server-side rule for %s', (where, expected) => {
    expect(rule(where)).toMatchObject(expected);
  });

  it('agree with the service model where it has the same figure', () => {
    expect(shapeOf('iot', 'JobDocument')).toMatchObject({ max: limits.maxDocumentBytes });
    expect(shapeOf('iot', 'LaserMaxResults')).toMatchObject({ max: limits.maxPageSize });
    expect(shapeOf('iot', 'RegistryMaxResults')).toMatchObject({ max: limits.maxPageSize });
    expect(shapeOf('iot', 'NumberOfRetries')).toMatchObject({ max: limits.maxRetries });
  });

  it('count to the last: a job may have as many targets as the limit says and not one more', () => {
    const targets = Array.from({ length: limits.maxTargets }, () => 'a');
    const job = { jobId: 'j', document: '{}', targets };
    expect(validateRequest('iot', 'CreateJob', job)).toBeUndefined();
    expect(validateRequest('iot', 'CreateJob', { ...job, targets: [...targets, 'a'] })).toContain(
      `less than or equal to ${limits.maxTargets}`,
    );
  });
});
