/**
 * The job documents of real systems, each given to a handful of devices: the fixtures' table says what a device that knows
 * its limits makes of each.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DeviceMessage } from '../../../protocol/device-messages.ts';
import type { DocumentSummary } from '../../report/run-report.ts';
import { wasInterrupted, whenOver } from './stage.ts';
import type { Stage } from './stage.ts';

export interface DocumentPlan {
  readonly file: string;
  readonly jobId: string;
  readonly namespaceId?: string;
  /** From a device that can receive it. */
  readonly expected: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
  /** It runs programs, and one that a reset interrupts is FAILED. */
  readonly runsHandlers?: true;
}

export const greengrassNamespace = 'aws-gg-deployment';

/** See fixtures/job-documents/README.md. */
const documentPlans: readonly DocumentPlan[] = [
  { file: 'reboot.json', jobId: 'document-reboot', expected: 'SUCCEEDED' },
  { file: 'device-client-steps.json', jobId: 'document-steps', expected: 'SUCCEEDED', runsHandlers: true },
  { file: 'unicode.json', jobId: 'document-unicode', expected: 'SUCCEEDED', runsHandlers: true },
  { file: 'limit-32768-bytes.json', jobId: 'document-limit', expected: 'SUCCEEDED' },
  // Its stream does not exist here.
  { file: 'freertos-ota.json', jobId: 'document-freertos', expected: 'FAILED' },
  {
    file: 'greengrass-deployment.json',
    jobId: 'document-greengrass',
    namespaceId: greengrassNamespace,
    expected: 'REJECTED',
  },
];

/** Devices that get each document. */
const devicesEach = 6;

const packageRoot = dirname(createRequire(import.meta.url).resolve('jobrig/package.json'));

export function readJobDocument(file: string): Promise<string> {
  return readFile(join(packageRoot, 'fixtures', 'job-documents', file), 'utf8');
}

export async function runDocuments(stage: Stage, thingNames: readonly string[]): Promise<readonly DocumentSummary[]> {
  stage.announce('job documents of real systems');
  return Promise.all(documentPlans.map((plan, index) => runDocument(stage, plan, choose(thingNames, index))));
}

/** A handful of devices, other ones for each document as far as there are enough. */
function choose(thingNames: readonly string[], index: number): readonly string[] {
  const start = (index * devicesEach) % thingNames.length;
  return [...thingNames.slice(start), ...thingNames.slice(0, start)].slice(0, devicesEach);
}

async function runDocument(stage: Stage, plan: DocumentPlan, things: readonly string[]): Promise<DocumentSummary> {
  const { file, jobId, namespaceId, expected } = plan;
  const document = await readJobDocument(file);
  const [runs] = await Promise.all([
    Promise.all(things.map((thingName) => whenOver(stage, thingName, jobId))),
    stage.operator.createJob({ jobId, things, document, ...(namespaceId !== undefined && { namespaceId }) }),
  ]);
  const ended = runs.map((run) => run?.status ?? 'PENDING');
  const wanted = things.map((thingName, index) => {
    if (!fits(stage, thingName, jobId)) return 'REJECTED';
    const mayFail = plan.runsHandlers === true && wasInterrupted(stage, thingName, jobId);
    return mayFail && ended[index] === 'FAILED' ? 'FAILED' : expected;
  });
  return {
    document: file,
    expected: counted(wanted),
    ended: counted(ended),
    mistaken: ended.filter((status, index) => status !== wanted[index]).length,
  };
}

/** Whether the device could receive the job: no message about it was larger than its MQTT buffer. */
function fits(stage: Stage, thingName: string, jobId: string): boolean {
  const bufferBytes = stage.hardwareOf(thingName)?.ram.mqttBufferBytes ?? Infinity;
  return !stage.recorder
    .eventsOf(thingName)
    .some((event) => event.kind === 'received' && event.message.bytes > bufferBytes && isAbout(event.message, jobId));
}

function isAbout(message: DeviceMessage, jobId: string): boolean {
  if (message.kind === 'reply' && message.jobId === jobId) return true;
  return 'execution' in message.payload && message.payload.execution?.jobId === jobId;
}

function counted(statuses: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
