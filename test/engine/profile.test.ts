/**
 * Every open point of AWS that has a switch, shown from outside: what the service does one way and what it does the other way
 * differ. A switch without a line here does not compile.
 */
import { describe, expect, it } from 'vitest';
import { profiles, type Profile } from '../../broker/engine/profile.ts';
import { groupArn, thingArn, World } from './world.ts';

const minute = 60_000;
const morning = Date.parse('2026-03-04T09:00Z');
const targets = [thingArn('t'), thingArn('u')];

type Readings = readonly [observed: unknown, documented: unknown];

const nested = (levels: number): string => `{"state":{"desired":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}}`;

/** What is seen of a world that has things `t` and `u`, and what it is with each reading. */
const switches: { readonly [Switch in keyof Profile]: readonly [(world: World) => unknown, ...Readings] } = {
  emptyStatusDetails: [
    (world) => {
      world.job('a', targets);
      world.update('t', 'a', 'IN_PROGRESS', { statusDetails: { step: '1' } });
      world.update('t', 'a', 'IN_PROGRESS', { statusDetails: {} });
      return world.execution('a', 't')?.statusDetails;
    },
    {},
    { detailsMap: { step: '1' } },
  ],
  namespacedHead: [
    (world) => {
      world.job('plain', [thingArn('t')]);
      world.said();
      world.job('spaced', [thingArn('t')], { namespaceId: 'ns' });
      const behind = world.said();
      world.update('t', 'plain', 'SUCCEEDED');
      return [behind, world.said()];
    },
    [
      ['notify t/ns [] [spaced]', 'notify-next t/ns spaced QUEUED v1'],
      ['notify t [] []', 'notify-next t -'],
    ],
    [['notify t/ns [] [spaced]'], ['notify t [] []', 'notify-next t -', 'notify-next t/ns spaced QUEUED v1']],
  ],
  startedAtWithoutStart: [
    (world) => {
      world.job('a', targets);
      world.update('t', 'a', 'SUCCEEDED');
      return world.execution('a', 't')?.startedAt;
    },
    undefined,
    morning,
  ],
  listOrder: [
    (world) => {
      for (const jobId of ['first', 'second', 'third']) world.job(jobId, targets);
      world.ok('iot:CancelJob', { jobId: 'second' });
      world.update('t', 'third', 'SUCCEEDED');
      const pages = (request: { readonly maxResults: number; readonly nextToken?: string }): string[] => {
        const { jobs = [], nextToken } = world.ok('iot:ListJobs', request);
        const more = nextToken === undefined ? [] : pages({ ...request, nextToken });
        return [...jobs.map(({ jobId }) => jobId!), ...more];
      };
      const ofThing = world.ok('iot:ListJobExecutionsForThing', { thingName: 't' }).executionSummaries;
      const ofJob = world.ok('iot:ListJobExecutionsForJob', { jobId: 'third' }).executionSummaries;
      return [
        pages({ maxResults: 1 }).join(),
        ofThing?.map(({ jobExecutionSummary }) => jobExecutionSummary?.status).join(),
        ofJob?.map(({ jobExecutionSummary }) => jobExecutionSummary?.status).join(),
      ];
    },
    ['third,second,first', 'SUCCEEDED,CANCELED,QUEUED', 'QUEUED,SUCCEEDED'],
    ['third,first,second', 'QUEUED,SUCCEEDED,CANCELED', 'QUEUED,SUCCEEDED'],
  ],
  streamAfterItsJob: [
    (world) => {
      const image = { object: { bucket: 'images', key: 'v2' }, bytes: 100 };
      const files = [{ fileLocation: { s3Location: { bucket: 'images', key: 'v2' } } }];
      const roleArn = 'arn:aws:iam::000000000000:role/ota';
      world.ok('iot:CreateOTAUpdate', { otaUpdateId: 'u', targets, files, roleArn, images: [image] });
      const { streams = [] } = world.ok('iot:ListStreams', {});
      const streamId = streams[0]!.streamId!;
      const answers = (): boolean =>
        ['t', 'u'].every((thingName) => world.apply('jobrig:OpenStream', { thingName, streamId }).reply.accepted);
      const before = answers();
      world.ok('iot:DeleteJob', { jobId: 'AFR_OTA-u', force: true });
      return [before, answers()];
    },
    [true, true],
    [true, false],
  ],
  firstRefusal: [
    (world) => {
      world.job('a', targets);
      world.update('t', 'a', 'SUCCEEDED');
      const request = { thingName: 't', jobId: 'a', status: 'FAILED', expectedVersion: 1 } as const;
      return world.refused('iotjobsdata:UpdateJobExecution', request).code;
    },
    'VersionMismatch',
    'InvalidStateTransition',
  ],
  cancelOfFinishedJob: [
    (world) => {
      world.job('a', targets);
      world.ok('iot:CancelJob', { jobId: 'a', comment: 'once' });
      const { reply } = world.apply('iot:CancelJob', { jobId: 'a', comment: 'twice' });
      return [reply.accepted, world.jobOf('a')?.comment];
    },
    [false, 'once'],
    [true, 'once'],
  ],
  timeOutVersionStep: [
    (world) => {
      world.job('a', targets);
      world.update('t', 'a', 'IN_PROGRESS', { stepTimeoutInMinutes: 1 });
      world.pass(minute);
      return world.execution('a', 't')?.versionNumber;
    },
    3,
    2,
  ],
  scheduledSnapshot: [
    (world) => {
      world.group('g', 't');
      world.job('a', [groupArn('g')], { schedulingConfig: { startTime: '2026-03-04 10:00' } });
      world.join('u', 'g');
      world.pass(60 * minute);
      return world.pending('u').queued;
    },
    ['a'],
    [],
  ],
  abortTexts: [
    (world) => {
      world.job('a', targets, {
        abortConfig: {
          criteriaList: [
            { failureType: 'FAILED', action: 'CANCEL', thresholdPercentage: 1, minNumberOfExecutedThings: 1 },
          ],
        },
      });
      world.update('t', 'a', 'FAILED');
      const { status, reasonCode } = world.jobOf('a')!;
      return [status, reasonCode];
    },
    ['CANCELED', 'ABORTED_BY_CRITERIA'],
    ['CANCELED', undefined],
  ],
  omittedParameter: [
    (world) => {
      world.job('a', targets, {
        document: undefined,
        jobTemplateArn: 'arn:aws:iot:eu-west-1::jobtemplate/AWS-Reboot:1.0',
      });
      const { document = '' } = world.ok('iot:GetJobDocument', { jobId: 'a' });
      return (JSON.parse(document) as { steps: { action: { runAsUser: string } }[] }).steps[0]?.action.runAsUser;
    },
    '',
    '${aws:iot:parameter:runAsUser}',
  ],
  hiddenExecution: [
    (world) => {
      const maintenanceWindows = [{ startTime: 'cron(0 10 * * ? *)', durationInMinutes: 30 }];
      world.job('a', targets, { targetSelection: 'CONTINUOUS', schedulingConfig: { maintenanceWindows } });
      world.pass(60 * minute);
      world.pass(30 * minute);
      return world.apply('iotjobsdata:DescribeJobExecution', { thingName: 't', jobId: 'a' }).reply.accepted;
    },
    true,
    false,
  ],
  shadowDepth: [
    (world) => {
      const isTaken = (levels: number): boolean =>
        world.apply('iot:UpdateThingShadow', { thingName: 't', payload: nested(levels) }).reply.accepted;
      return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].findLast(isTaken);
    },
    8,
    6,
  ],
  defaultPageSize: [
    (world) => {
      world.things(...Array.from({ length: 300 }, (_, index) => `more${index}`));
      return world.ok('iot:ListThings', {}).things?.length;
    },
    250,
    100,
  ],
};

function seenWith(name: keyof Profile, profile: Profile): unknown {
  const world = new World([], morning, { profile });
  world.things('t', 'u');
  return switches[name][0](world);
}

describe('the profiles', () => {
  it.each(Object.keys(switches) as (keyof Profile)[])('%s has two readings', (name) => {
    const [, observed, documented] = switches[name];
    expect(seenWith(name, profiles.observed)).toEqual(observed);
    expect(seenWith(name, { ...profiles.observed, [name]: profiles.documented[name] })).toEqual(documented);
    expect(seenWith(name, profiles.documented)).toEqual(documented);
  });

  it('differ in every switch', () => {
    for (const name of Object.keys(switches) as (keyof Profile)[]) {
      expect(profiles.documented[name]).not.toBe(profiles.observed[name]);
    }
  });
});

describe('strict', () => {
  const schedules = [
    [{ startTime: '2026-03-04 09:29' }, /startTime must be at least 30 minutes/],
    [{ startTime: '2027-03-05 09:00' }, /at most one year/],
    [{ endTime: '2026-03-04 09:29' }, /endTime must be at least 30 minutes/],
    [{ startTime: '2026-03-04 10:00', endTime: '2026-03-04 10:29' }, /30 minutes after the startTime/],
    [{ endTime: '2028-03-10 00:00' }, /at most two years/],
  ] as const;

  it.each(schedules)('refuses the schedule %j, which a bench may have', (schedulingConfig, text) => {
    const request = { jobId: 'a', document: '{}', targets: [thingArn('t')], schedulingConfig };
    const strict = new World([], morning, { strict: true });
    strict.things('t');
    expect(strict.refused('iot:CreateJob', request).message).toMatch(text);
    const lenient = new World([], morning);
    lenient.things('t');
    lenient.ok('iot:CreateJob', request);
  });
});

describe('resolveDocument', () => {
  it('makes what a device is handed, each time anew, and nothing that an operator reads', () => {
    let count = 0;
    const world = new World([], morning, {
      resolveDocument: (text, { jobId, thingName, executionNumber, presignedUrlConfig }) =>
        `${text} ${jobId} ${thingName} ${executionNumber} ${presignedUrlConfig?.expiresInSec} ${(count += 1)}`,
    });
    world.things('t');
    world.job('a', [thingArn('t')], { document: '{}', presignedUrlConfig: { expiresInSec: 60 } });
    expect(world.heard.at(-1)).toMatchObject({ kind: 'notify-next', jobDocument: '{} a t 1 60 1' });
    expect(world.ok('iotjobsdata:DescribeJobExecution', { thingName: 't', jobId: '$next' }).jobDocument).toBe(
      '{} a t 1 60 2',
    );
    expect(world.start('t').jobDocument).toBe('{} a t 1 60 3');
    const request = { thingName: 't', jobId: 'a', status: 'IN_PROGRESS', includeJobDocument: true } as const;
    expect(world.ok('iotjobsdata:UpdateJobExecution', request).jobDocument).toBe('{} a t 1 60 4');
    world.ok('iotjobsdata:DescribeJobExecution', { thingName: 't', jobId: 'a', includeJobDocument: false });
    expect(world.ok('iot:GetJobDocument', { jobId: 'a' }).document).toBe('{}');
    expect(count).toBe(4);
  });
});

describe('documentSource', () => {
  it('is kept and told beside the document that a door has read from it', () => {
    const world = new World();
    world.things('t');
    const documentSource = 'https://s3.example.com/bucket/key';
    world.job('a', [thingArn('t')], { document: '{"x":1}', documentSource });
    expect(world.ok('iot:DescribeJob', { jobId: 'a' }).documentSource).toBe(documentSource);
    expect(world.ok('iot:GetJobDocument', { jobId: 'a' }).document).toBe('{"x":1}');
    world.ok('iot:CreateJobTemplate', {
      jobTemplateId: 'p',
      description: 'as the job',
      jobArn: 'arn:aws:iot:eu-west-1:123456789012:job/a',
    });
    expect(world.ok('iot:DescribeJobTemplate', { jobTemplateId: 'p' })).toMatchObject({ documentSource });
  });
});
