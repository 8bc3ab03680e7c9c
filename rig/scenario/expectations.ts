/**
 * What a scenario expects of one thing, in the judge's form and the world's names. A missed ending counts to the claim that the
 * scenario is about; that of a canary, the job that must succeed after all else, to V5.
 */
import type { Expectation } from '../verdict/contract.ts';
import type { JobLabel, Names, Scenario } from './contract.ts';

export interface ExpectationOptions {
  readonly names: Names;
  /** By the world's name. */
  readonly thingName: string;
  /** What the last document under a label installs, where that is known and can be judged. */
  readonly versionOf?: (job: JobLabel) => string | undefined;
}

export function expectationsOf(
  { expect, about }: Scenario,
  { names, thingName, versionOf }: ExpectationOptions,
): readonly Expectation[] {
  return expect
    .filter(({ thing }) => thing === undefined || names.thingName(thing) === thingName)
    .map(({ job, status, withinMs, sideEffects, version }): Expectation => {
      const installed = version === 'new' ? versionOf?.(job) : undefined;
      return {
        jobId: names.jobId(job),
        status,
        about: /^canary\b/.test(job) ? 'V5' : about,
        ...(withinMs !== undefined && { withinMs }),
        ...(sideEffects !== undefined && { sideEffects }),
        ...(installed !== undefined && { version: installed }),
      };
    });
}
