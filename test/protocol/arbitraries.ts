/** Names, executions, documents and tokens as the protocol allows them, for the laws of this folder. */
import * as fc from 'fast-check';
import type { JobExecution } from '../../protocol/device-api.ts';
import { jobExecutionStatuses } from '../../protocol/status.ts';
import { isReadRightly } from '../support/read-rightly.ts';

/** Job ids and thing names that look like words of the topics. */
const topicWords = ['get', 'jobs', 'notify', 'notify-next', 'start-next', 'update', 'accepted', 'rejected'];
const namespaceWords = ['namespace-x', 'notify-namespace-x', 'notify-next-namespace-x'];

export const jobIds = fc.oneof(
  fc.constantFrom(...topicWords, ...namespaceWords),
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/),
);
export const thingNames = fc.oneof(fc.constantFrom(...topicWords), fc.stringMatching(/^[a-zA-Z0-9:_-]{1,128}$/));
export const namespaceIds = fc.oneof(
  fc.constantFrom('aws-gg-deployment', 'get', 'accepted'),
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/),
);
/** Any Unicode text, often with what JSON must escape or what JavaScript once could not read. */
const codePoints = fc.oneof(
  fc.constantFrom(0x00, 0x07, 0x0a, 0x22, 0x5c, 0x7f, 0x85, 0x2028, 0x2029, 0xfffd, 0x1f680),
  fc.integer({ min: 0x20, max: 0x7e }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
);
export const texts = fc.array(codePoints, { maxLength: 40 }).map((points) => String.fromCodePoint(...points));
export const clientTokens = fc.option(texts, { nil: undefined });

const detailKeys = fc.stringMatching(/^[a-zA-Z0-9:_-]{1,128}$/);
const detailValues = fc.stringMatching(/^[ -~]{1,60}$/);
export const statusDetails = fc.dictionary(detailKeys, detailValues, {
  minKeys: 1,
  maxKeys: 10,
  noNullPrototype: true,
});

const instants = fc.integer({ min: 0, max: 4_102_444_800_000 });

export const executions: fc.Arbitrary<JobExecution> = fc.record(
  {
    jobId: jobIds,
    thingName: thingNames,
    executionNumber: fc.integer({ min: 1 }),
    namespaceId: namespaceIds,
    status: fc.constantFrom(...jobExecutionStatuses),
    statusDetails,
    queuedAt: instants,
    startedAt: instants,
    lastUpdatedAt: instants,
    versionNumber: fc.integer({ min: 1 }),
    timesOutAt: instants,
    forceCanceled: fc.boolean(),
    retryAttempt: fc.nat(10),
  },
  {
    requiredKeys: [
      'jobId',
      'thingName',
      'executionNumber',
      'status',
      'queuedAt',
      'lastUpdatedAt',
      'versionNumber',
      'retryAttempt',
    ],
  },
);

/** JSON text of an object, spaced as people space it. */
export const documents = fc
  .tuple(
    fc.dictionary(texts, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }).filter(isReadRightly),
    fc.constantFrom(0, 1, 2),
  )
  .map(([members, indent]) => JSON.stringify(members, null, indent));

export const moments = instants;
