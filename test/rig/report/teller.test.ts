/** The story of a device in lines: what only the course of things tells. */
import { expect, it } from 'vitest';
import type { Observation } from '../../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../../protocol/device-messages.ts';
import { plainText } from '../../../rig/report/lines.ts';
import { createTeller } from '../../../rig/report/teller.ts';

const head = { source: 'wire', thingName: 'T' } as const;

function sent(at: number, body: DeviceRequest['body'], jobId = 'J'): Observation {
  return { ...head, at, kind: 'sent', request: { operation: 'UpdateJobExecution', jobId, body }, via: 'mqtt' };
}

function received(at: number, message: object): Observation {
  return { ...head, at, kind: 'received', message: { bytes: 1, ...message } as unknown as DeviceMessage };
}

const reply = { kind: 'reply', operation: 'UpdateJobExecution', jobId: 'J' } as const;
const pull: Observation = {
  at: 2000,
  source: 'service',
  thingName: 'T',
  kind: 'execution',
  execution: { jobId: 'J', executionNumber: 1, queuedAt: 0 },
  status: 'DELETED',
  versionNumber: 2,
  by: 'operator',
  force: true,
};

function lines(seen: readonly Observation[]): readonly string[] {
  const tell = createTeller();
  return seen.flatMap((one) =>
    tell(one).map(({ text, tone }) => `${tone === 'recovery' ? '✓ ' : ''}${plainText(text)}`),
  );
}

const work = { status: 'IN_PROGRESS', expectedVersion: 1, includeJobDocument: true } as const;
const percent = { status: 'IN_PROGRESS', statusDetails: { step: 'write', percent: '50' }, expectedVersion: 3 } as const;

it.each([
  ['the first update of a job starts it', [sent(0, work)], ['starts J, believes version 1']],
  [
    'later ones report',
    [sent(0, work), sent(1, percent)],
    ['starts J, believes version 1', 'reports IN_PROGRESS, write 50 %'],
  ],
  [
    'the same again is counted',
    [sent(0, work), ...[1, 2, 3].map((at) => sent(at, percent))],
    [
      'starts J, believes version 1',
      'reports IN_PROGRESS, write 50 %',
      'sends the same update again, 2nd time',
      'sends the same update again, 3rd time',
    ],
  ],
  [
    'a job that ended may be started again',
    [sent(0, work), sent(1, { status: 'SUCCEEDED' }), sent(2, work)],
    ['starts J, believes version 1', 'reports SUCCEEDED for J', 'starts J, believes version 1'],
  ],
  [
    'the document that was asked for is named',
    [
      sent(0, work),
      received(1, {
        ...reply,
        outcome: 'accepted',
        payload: { executionState: { status: 'IN_PROGRESS', versionNumber: 2 }, jobDocument: {} },
      }),
    ],
    ['starts J, believes version 1', 'accepted: IN_PROGRESS, version 2, with the document'],
  ],
  [
    'a refused version is set against the one that was believed',
    [
      sent(0, percent),
      received(1, {
        ...reply,
        outcome: 'rejected',
        payload: { code: 'VersionMismatch', executionState: { status: 'IN_PROGRESS', versionNumber: 4 } },
      }),
    ],
    ['starts J', 'refused: VersionMismatch, it believed 3, the service has 4'].map((line, index) =>
      index === 0 ? 'starts J, believes version 3' : line,
    ),
  ],
  [
    'a wire that is answered what is next has recovered, so long after the pull, once',
    [
      pull,
      ...[3400, 3500].map((at) =>
        received(at, { ...reply, operation: 'DescribeJobExecution', jobId: '$next', outcome: 'accepted', payload: {} }),
      ),
    ],
    [
      'Operator deletes the execution of J, by force',
      'accepted: nothing is pending',
      '✓ Asks for work again, 1.4 s after the pull',
      'accepted: nothing is pending',
    ],
  ],
] as const)('%s', (_, seen, told) => {
  expect(lines(seen)).toEqual(told);
});
