/**
 * One wave of the main job: up to 64 devices get a firmware job, most lose it while it runs, all get it again under the same
 * job id, then a canary, then a power cut. Gathers the evidence; what it means is the verdict's business.
 */
import type { Step } from '../../../observation/execution.ts';
import type { DeviceView } from '../../../observation/inside.ts';
import { type SeenExecution, namespaceOf } from '../operator.ts';
import { nextJobId } from '../../../protocol/topics.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { LaterJob, Pull } from './evidence.ts';
import type { JobPlan, WavePlan } from './plan.ts';
import { pullExecution, pullJob, stopAt } from './pull.ts';
import type { Pulled, Stopped } from './pull.ts';
import { deviceOf, jobTimeoutMs, quietView, settleMs, wasInterrupted, whenOver } from './stage.ts';
import type { Stage } from './stage.ts';

export interface WaveDocuments {
  readonly firmware: string;
  readonly canary: string;
}

/** All that was seen of one device in its wave. */
export interface WaveRecord {
  readonly thingName: string;
  /** Where it was to be pulled; absent: left alone. */
  readonly step?: Step;
  readonly jobIds: ReadonlySet<string>;
  readonly startedAt: EpochMs;
  readonly pull?: Pull;
  /** The first run of the job, of a device that was left alone. */
  readonly first?: LaterJob;
  readonly again: LaterJob;
  readonly canary: LaterJob;
  readonly before: DeviceView;
  readonly settled?: DeviceView;
  readonly after: DeviceView;
  readonly afterPowerCut?: DeviceView;
}

export async function runWave(stage: Stage, wave: WavePlan, documents: WaveDocuments): Promise<readonly WaveRecord[]> {
  const devices = wave.jobs.flatMap((job) => job.devices.map((device) => ({ ...device, job })));
  const names = devices.map(({ thingName }) => thingName);
  const before = await quietViews(stage, names);
  const startedAt = stage.now();

  stage.announce(`wave ${wave.number}: firmware for ${devices.length} devices, pulled while it runs`);
  const firstRuns = new Map(
    (await Promise.all(wave.jobs.map((job) => runAndPull(stage, job, documents.firmware)))).flat(),
  );

  stage.announce(`wave ${wave.number}: the same jobs again, under the same ids`);
  const againAt = stage.now();
  const againRuns = new Map(
    (await Promise.all(wave.jobs.map((job) => runAgain(stage, job, documents.firmware)))).flat(),
  );

  stage.announce(`wave ${wave.number}: canary jobs`);
  const canaryId = `canary-${wave.number}`;
  const canaryAt = stage.now();
  const [canaryRuns] = await Promise.all([
    Promise.all(names.map((thingName) => whenOver(stage, thingName, canaryId))),
    stage.operator.createJob({ jobId: canaryId, things: names, document: documents.canary }),
  ]);
  canaryRuns.filter((run) => run?.status === 'SUCCEEDED').forEach(() => stage.count('canaries'));

  const after = await quietViews(stage, names);
  stage.announce(`wave ${wave.number}: a power cut`);
  const afterPowerCut = await Promise.all(names.map((thingName) => cutPower(stage, thingName)));

  return devices.map(({ thingName, step, job }, index): WaveRecord => {
    const first = firstRuns.get(thingName);
    return {
      thingName,
      jobIds: new Set([job.jobId, canaryId]),
      startedAt,
      again: laterJob(job.jobId, againAt, againRuns.get(thingName)),
      canary: {
        ...laterJob(canaryId, canaryAt, canaryRuns[index]),
        ...(wasInterrupted(stage, thingName, canaryId) && { interrupted: true }),
      },
      before: before.get(thingName)!,
      after: after.get(thingName)!,
      ...(step && { step }),
      ...(first && ('pull' in first ? first : { first: laterJob(job.jobId, startedAt, first) })),
      ...(afterPowerCut[index] && { afterPowerCut: afterPowerCut[index] }),
    };
  });
}

async function quietViews(stage: Stage, names: readonly string[]): Promise<ReadonlyMap<string, DeviceView>> {
  return new Map(
    await Promise.all(names.map(async (thingName) => [thingName, await quietView(stage, thingName)] as const)),
  );
}

/** How the first run of a job went for a device: pulled, finished, or neither in the time there was. */
type FirstRun = Pulled | SeenExecution | undefined;
type RunOf<Run> = readonly [thingName: string, run: Run];

async function runAndPull(stage: Stage, job: JobPlan, document: string): Promise<readonly RunOf<FirstRun>[]> {
  const { jobId, devices, namespaceId } = job;
  const things = devices.map(({ thingName }) => thingName);
  const toPull = devices.flatMap(({ thingName, step }) => (step ? [stopAt(stage, thingName, step, jobId)] : []));
  const alone = devices.filter(({ step }) => step === undefined).map(({ thingName }) => thingName);
  const [pulled, finished] = await Promise.all([
    job.deletedWhole ? pullWhole(stage, jobId, toPull) : pullEach(stage, toPull),
    runsOf(stage, jobId, alone),
    stage.operator.createJob({ jobId, things, document, ...(namespaceId !== undefined && { namespaceId }) }),
  ]);
  return [...pulled, ...finished];
}

function runsOf(
  stage: Stage,
  jobId: string,
  things: readonly string[],
): Promise<readonly RunOf<SeenExecution | undefined>[]> {
  return Promise.all(things.map(async (thingName) => [thingName, await whenOver(stage, thingName, jobId)] as const));
}

/** Deletes the execution of each device, once all stand at their steps. */
async function pullEach(
  stage: Stage,
  stopping: readonly Promise<Stopped | undefined>[],
): Promise<readonly RunOf<FirstRun>[]> {
  const stopped = (await Promise.all(stopping)).filter((device) => device !== undefined);
  return Promise.all(stopped.map(async (device) => [device.thingName, await pullExecution(stage, device)] as const));
}

/** Waits until every device of the job stands at its step, then deletes the job under all of them. */
async function pullWhole(
  stage: Stage,
  jobId: string,
  stopping: readonly Promise<Stopped | undefined>[],
): Promise<readonly RunOf<FirstRun>[]> {
  const stopped = (await Promise.all(stopping)).filter((device) => device !== undefined);
  const pulled = await pullJob(stage, jobId, stopped);
  return stopped.map(({ thingName }, index) => [thingName, pulled[index]]);
}

/** Deletes what is left of the job, waits until its id is free, and gives it again: executionNumber 1 is used again. */
async function runAgain(
  stage: Stage,
  { jobId, devices, deletedWhole, namespaceId }: JobPlan,
  document: string,
): Promise<readonly RunOf<SeenExecution | undefined>[]> {
  if (!deletedWhole) await stage.operator.deleteJob(jobId, namespaceOf(namespaceId));
  await stage.operator.whenGone(jobId);
  const things = devices.map(({ thingName }) => thingName);
  const [runs] = await Promise.all([
    runsOf(stage, jobId, things),
    stage.operator.createJob({ jobId, things, document, ...(namespaceId !== undefined && { namespaceId }) }),
  ]);
  return runs;
}

function laterJob(jobId: string, givenAt: EpochMs, run: SeenExecution | undefined): LaterJob {
  return { jobId, givenAt, ...(run && { executionNumber: run.executionNumber, ended: run.status }) };
}

/** Cuts a device's power, gives it back, and waits until the service has told it what is next. */
async function cutPower(stage: Stage, thingName: string): Promise<DeviceView | undefined> {
  const device = deviceOf(stage, thingName);
  let view: DeviceView | undefined;
  device.powerCut();
  const answered = stage.recorder.next(
    thingName,
    (event) =>
      event.kind === 'received' &&
      event.message.kind === 'reply' &&
      event.message.operation === 'DescribeJobExecution' &&
      event.message.jobId === nextJobId,
    Math.min(settleMs, jobTimeoutMs),
    () => {
      view = device.view();
    },
  );
  device.powerOn();
  await answered;
  return view;
}
