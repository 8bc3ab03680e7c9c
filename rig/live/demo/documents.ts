/**
 * The job documents of real systems as a scenario, each given to a handful of devices: the fixtures' table says what a device
 * that knows its limits makes of each.
 */
import { readFile } from 'node:fs/promises';
import { packageFile } from '../../../package/package.ts';
import type { Observation } from '../../../observation/observation.ts';
import type { DocumentSummary } from '../../report/run-report.ts';
import type { Deed, Expected, JobDocument, Scenario } from '../../scenario/contract.ts';
import { plainScenario } from '../../scenario/plain.ts';
import type { EndStatus } from '../../verdict/contract.ts';

interface DocumentPlan {
  readonly file: string;
  readonly job: string;
  readonly namespace?: string;
  /** From a device that can receive it. */
  readonly expected: 'SUCCEEDED' | 'FAILED' | 'REJECTED';
}

export const greengrassNamespace = 'aws-gg-deployment';

/** See fixtures/job-documents/README.md. */
const documentPlans: readonly DocumentPlan[] = [
  { file: 'reboot.json', job: 'document-reboot', expected: 'SUCCEEDED' },
  { file: 'device-client-steps.json', job: 'document-steps', expected: 'SUCCEEDED' },
  { file: 'unicode.json', job: 'document-unicode', expected: 'SUCCEEDED' },
  { file: 'limit-32768-bytes.json', job: 'document-limit', expected: 'SUCCEEDED' },
  // Its stream does not exist here.
  { file: 'freertos-ota.json', job: 'document-freertos', expected: 'FAILED' },
  {
    file: 'greengrass-deployment.json',
    job: 'document-greengrass',
    namespace: greengrassNamespace,
    expected: 'REJECTED',
  },
];

/** Devices that get each document. */
const devicesEach = 6;
/** Beside the document a message has ids, times and a topic; from none of them to so many bytes. */
const aroundDocumentBytes = 1024;

/** Its text, which a service keeps byte for byte. */
export function readJobDocument(file: string): Promise<string> {
  return readFile(packageFile(`fixtures/job-documents/${file}`), 'utf8');
}

export interface DocumentsOptions {
  /** Bytes of the largest message that a device can receive. */
  readonly bufferBytesOf: (thingName: string) => number;
  /** Devices may be reset while they work, or starved of power: then FAILED may be right. */
  readonly mayReset: boolean;
  readonly seed: number;
}

export interface DocumentsAct {
  readonly scenario: Scenario;
  /** The text of each job's document, by label: what an object would say, in other bytes. */
  readonly texts: ReadonlyMap<string, string>;
  /** What came of it. */
  readonly summaryOf: (observations: readonly Observation[]) => readonly DocumentSummary[];
}

export async function planDocuments(things: readonly string[], options: DocumentsOptions): Promise<DocumentsAct> {
  const texts = new Map<string, string>();
  for (const { file, job } of documentPlans) texts.set(job, await readJobDocument(file));
  const gets = documentPlans.map((plan, index) => ({ plan, things: choose(things, index) }));
  const expect = gets.flatMap(({ plan, things: given }) =>
    given.map((thing): Expected => {
      const bytes = Buffer.byteLength(texts.get(plan.job) ?? '');
      return { job: plan.job, thing, status: statusesOf(plan, options.bufferBytesOf(thing) - bytes, options.mayReset) };
    }),
  );
  const all = [...new Set(gets.flatMap(({ things: given }) => given))];
  const scenario = plainScenario({
    id: 'documents',
    claim: 'Devices do the documents that they understand, and reject the others.',
    about: 'V5',
    theme: 'demo',
    given: { things: all.map((thing) => ({ thing })), namespaces: [greengrassNamespace], seed: options.seed },
    script: [
      {
        deeds: gets.map(({ plan: { job, namespace }, things: given }): Deed => {
          const document = JSON.parse(texts.get(job) ?? '{}') as Exclude<JobDocument, string>;
          return { do: 'create-job', job, document, things: given, ...(namespace !== undefined && { namespace }) };
        }),
      },
    ],
    expect,
  });
  return {
    scenario,
    texts,
    summaryOf: (observations) => gets.map(({ plan, things: given }) => summary(plan, given, expect, observations)),
  };
}

/** A handful of devices, other ones for each document as far as there are enough. */
function choose(thingNames: readonly string[], index: number): readonly string[] {
  const start = (index * devicesEach) % thingNames.length;
  return [...thingNames.slice(start), ...thingNames.slice(0, start)].slice(0, devicesEach);
}

/** @param roomBytes left in the device's receive buffer beside the document */
function statusesOf({ expected }: DocumentPlan, roomBytes: number, mayReset: boolean): readonly EndStatus[] {
  if (roomBytes < 0) return ['REJECTED'];
  const statuses = new Set<EndStatus>([expected]);
  if (roomBytes < aroundDocumentBytes) statuses.add('REJECTED');
  if (expected === 'SUCCEEDED' && mayReset) statuses.add('FAILED');
  return [...statuses];
}

function summary(
  { file, job }: DocumentPlan,
  things: readonly string[],
  expect: readonly Expected[],
  observations: readonly Observation[],
): DocumentSummary {
  const last = new Map<string, string>();
  for (const seen of observations) {
    if (seen.kind === 'execution' && seen.execution.jobId === job) last.set(seen.thingName ?? '', seen.status);
  }
  const rows = things.map((thing) => {
    const status = last.get(thing) ?? 'PENDING';
    const ended = status === 'QUEUED' || status === 'IN_PROGRESS' ? 'PENDING' : status;
    const wanted: readonly string[] = expect.find((one) => one.job === job && one.thing === thing)?.status ?? [];
    return { ended, wanted: wanted.includes(ended) ? ended : (wanted[0] ?? '') };
  });
  return {
    document: file,
    expected: counted(rows.map(({ wanted }) => wanted)),
    ended: counted(rows.map(({ ended }) => ended)),
    mistaken: rows.filter(({ ended, wanted }) => ended !== wanted).length,
  };
}

function counted(statuses: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
