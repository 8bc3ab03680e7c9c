/**
 * A `run.json` read again where somebody opens it: the run of a check, a simulation, a demo or a load, or in words what is wrong
 * with the text and where. Looks at what a report is drawn from; what members hold beyond that is passed on.
 */
import type { Observation } from '../../observation/observation.ts';
import type { LoadRun } from '../load/contract.ts';
import { type CheckResult, type ScenarioRun, checkForm } from '../live/check/check-result.ts';
import type { Finding } from '../verdict/contract.ts';
import type { Beside, BesideOf } from './beside.ts';
import { jsonFault } from './json-fault.ts';
import type { ShownLoad } from './load-page.ts';
import type { DemoReport, DeviceReport } from './run-report.ts';

/** What stood beside the device in a story that was told. */
export interface KeptBeside {
  readonly scenario: string;
  readonly thing?: string;
  readonly beside: Beside;
}

/** Of a demo, beside its runs: the report, its devices without what was seen of them, which is in the runs. */
export interface KeptDemo extends Omit<DemoReport, 'runs' | 'deviceReports'> {
  readonly deviceReports: readonly (Omit<DeviceReport, 'observations'> & { readonly observed: number })[];
}

/** What is kept beside the result of a check; absent in files of before. */
export interface KeptWith {
  readonly verb?: 'check' | 'demo' | 'simulate';
  /** What plays the failures again. */
  readonly command?: string;
  readonly demo?: KeptDemo;
  readonly besides?: readonly KeptBeside[];
}

export type KeptRun =
  | {
      readonly kind: 'check';
      readonly verb: string;
      readonly command?: string;
      readonly result: CheckResult;
      readonly besideOf: BesideOf;
    }
  | { readonly kind: 'demo'; readonly report: DemoReport; readonly besideOf: BesideOf }
  | { readonly kind: 'load'; readonly shown: ShownLoad };

const loadForm: LoadRun['form'] = 'jobrig load run 1';

/** @returns in words, what is wrong with it: "is cut off: …" */
export function readKeptRun(text: string): KeptRun | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return whyNoJson(text);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is JSON, but no run of jobrig';
  const { form, verb, deviceReports } = value as Readonly<Record<string, unknown>>;
  if (form === undefined && verb === 'demo' && Array.isArray(deviceReports)) return readReport(value);
  if (typeof form !== 'string') return 'is JSON, but no run of jobrig: it has no member "form"';
  const [, kind, version] = /^jobrig (check|load) run (\d+)$/.exec(form) ?? [];
  if (kind === undefined) return `is JSON, but no run of jobrig: its form is ${quoted(form)}`;
  const known = kind === 'check' ? checkForm : loadForm;
  if (form !== known) {
    return `is of ${Number(version) > 1 ? 'a later' : 'another'} version: its form is ${quoted(form)}, and ${quoted(known)} is read here. Show it with the jobrig that wrote it`;
  }
  return kind === 'check' ? readCheck(value) : readLoad(value);
}

function whyNoJson(text: string): string {
  const fault = jsonFault(text);
  if (fault === undefined) return 'is too deep to be read';
  const where = `line ${fault.line}, column ${fault.column}`;
  if (fault.isCutOff) return `is cut off: it ends in the middle, at ${where}`;
  return `is not JSON: at ${where} stands ${quoted(fault.found)}`;
}

function quoted(text: string): string {
  return `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
}

// What has to be there, member by member.

/** @returns what is wrong, with where it is */
type Check = (value: unknown, path: string) => string | undefined;

const text: Check = (value, path) => (typeof value === 'string' ? undefined : `${path} is no text`);
const number: Check = (value, path) => (typeof value === 'number' ? undefined : `${path} is no number`);

function listOf(each: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} is no list`;
    for (const [index, one] of value.entries()) {
      const wrong = each(one, `${path}[${index}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

function objectOf(members: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return path === '' ? 'it is no object' : `${path} is no object`;
    }
    for (const [name, check] of Object.entries(members)) {
      const wrong = check((value as Readonly<Record<string, unknown>>)[name], path === '' ? name : `${path}.${name}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** By names that nobody knows before. */
function eachOf(check: Check): Check {
  return (value, path) =>
    object(value, path) ??
    objectOf(Object.fromEntries(Object.keys(value as object).map((name) => [name, check])))(value, path);
}

function oneOf(...words: readonly string[]): Check {
  return (value, path) => (words.includes(value as string) ? undefined : `${path} is none of ${words.join(', ')}`);
}

function maybe(check: Check): Check {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

const object = objectOf({});
const verdict = oneOf('pass', 'fail', 'skip', 'inconclusive');
const seen = objectOf({ at: number, kind: text });
const scenario = objectOf({ id: text });
const findings = listOf(objectOf({ claim: text, outcome: text, reason: text, evidence: listOf(seen) }));
const scenarioRun = objectOf({
  scenario,
  verdict,
  broke: listOf(text),
  reason: text,
  findings,
  observations: listOf(seen),
  startedAt: number,
  durationMs: number,
  resembles: listOf(text),
});
const device = { thingName: text, hardware: text, outcome: text, reason: text, findings, startedAt: number };
const demo = {
  startedAt: text,
  endedAt: text,
  verdict: oneOf('pass', 'fail', 'inconclusive'),
  coverage: object,
  pulls: listOf(objectOf({ step: text, pulled: number, recovered: number })),
  devices: object,
  canary: object,
  documents: listOf(object),
  causes: listOf(objectOf({ claim: text, reason: text, found: number, in: listOf(text), resembles: listOf(text) })),
  hardware: listOf(objectOf({ name: text, assumed: listOf(object) })),
  faults: object,
  host: object,
};
const checkFile = objectOf({
  subject: text,
  startedAt: number,
  endedAt: number,
  results: listOf(objectOf({ scenario, runs: listOf(scenarioRun) })),
  sweep: maybe(listOf(objectOf({ atMs: number, label: text, run: scenarioRun }))),
  portrait: maybe(objectOf({ hears: listOf(text), asksBy: listOf(text), downloadsBy: listOf(text) })),
  diagnosis: maybe(objectOf({ cause: text, printed: listOf(text) })),
  command: maybe(text),
  besides: maybe(listOf(objectOf({ scenario: text, beside: object }))),
  demo: maybe(objectOf({ ...demo, deviceReports: listOf(objectOf({ ...device, observed: number })) })),
});
const loadFile = objectOf({
  shape: text,
  claim: text,
  seed: number,
  command: maybe(text),
  slice: maybe(objectOf({ index: number, of: number })),
  startedAt: number,
  endedAt: number,
  things: number,
  settings: objectOf({ pacing: text, transport: text, endpoint: text, hardware: text }),
  executions: objectOf({ wanted: number, succeeded: number, failed: number }),
  executionsPerSecond: number,
  exchangesPerSecond: number,
  connectsPerSecond: number,
  timeline: listOf(objectOf({ atMs: number, spanMs: number, processes: listOf(object) })),
  phases: listOf(objectOf({ name: text, fromMs: number, toMs: number })),
  processes: listOf(objectOf({ name: text, role: text, idleBytes: number, peakBytes: number })),
  histograms: eachOf(text),
  failures: eachOf(number),
  refusals: eachOf(number),
  differs: listOf(text),
  notes: maybe(listOf(text)),
  partial: maybe(text),
  thresholds: maybe(listOf(objectOf({ expression: text }))),
  latencyMs: maybe(object),
  percentiles: maybe(objectOf({ of: listOf(number), curves: listOf(objectOf({ name: text, ms: listOf(number) })) })),
});

function readCheck(value: object): KeptRun | string {
  const wrong = checkFile(value, '');
  if (wrong !== undefined) return `is not whole: ${wrong}`;
  const { verb = 'check', command, demo: report, besides = [], ...rest } = value as unknown as CheckResult & KeptWith;
  const result = {
    ...rest,
    results: rest.results.map((one) => ({ ...one, runs: one.runs.map(relinked) })),
    ...(rest.sweep && { sweep: rest.sweep.map((point) => ({ ...point, run: relinked(point.run) })) }),
  };
  const besideOf: BesideOf = ({ id }, thing) =>
    besides.find((one) => one.scenario === id && one.thing === thing)?.beside ?? {};
  if (report === undefined) return { kind: 'check', verb, result, besideOf, ...(command !== undefined && { command }) };
  const runs = result.results.flatMap((one) => one.runs);
  const deviceReports = report.deviceReports.map((one) => withObservations(one, runs));
  return { kind: 'demo', report: { ...report, deviceReports, runs }, besideOf };
}

/** The report.json of a demo: without the runs that its causes were found in. */
function readReport(value: object): KeptRun | string {
  const wrong = objectOf({ ...demo, deviceReports: listOf(objectOf({ ...device, observations: listOf(seen) })) })(
    value,
    '',
  );
  if (wrong !== undefined) return `is not whole: ${wrong}`;
  const report = value as DemoReport;
  const deviceReports = report.deviceReports.map(relinked);
  return { kind: 'demo', report: { ...report, deviceReports, runs: [] }, besideOf: () => ({}) };
}

function readLoad(value: object): KeptRun | string {
  const wrong = loadFile(value, '');
  if (wrong !== undefined) return `is not whole: ${wrong}`;
  const { thresholds = [], latencyMs = {}, percentiles, ...run } = value as LoadRun & KeptLoad;
  return { kind: 'load', shown: { run, thresholds, latencies: latencyMs, ...(percentiles && { percentiles }) } };
}

/** What is kept beside a load run. */
export interface KeptLoad {
  readonly thresholds?: ShownLoad['thresholds'];
  readonly latencyMs?: ShownLoad['latencies'];
  readonly percentiles?: NonNullable<ShownLoad['percentiles']>;
}

/** What a finding rests on is one of the observations again, and not another that looks the same. */
function relinked<Run extends Pick<ScenarioRun, 'findings' | 'observations'>>(run: Run): Run {
  if (run.findings.every(({ evidence, decisive }) => evidence.length === 0 && decisive === undefined)) return run;
  const known = new Map(run.observations.map((one) => [JSON.stringify(one), one]));
  const same = (one: Observation): Observation => known.get(JSON.stringify(one)) ?? one;
  const findingsOf = ({ decisive, evidence, ...finding }: Finding): Finding => ({
    ...finding,
    evidence: evidence.map(same),
    ...(decisive && { decisive: same(decisive) }),
  });
  return { ...run, findings: run.findings.map(findingsOf) };
}

/** A device without what was seen of it: that stands once, in the runs. */
export function keptDemo({ runs: _runs, deviceReports, ...report }: DemoReport): KeptDemo {
  return {
    ...report,
    deviceReports: deviceReports.map(({ observations, ...rest }) => ({ ...rest, observed: observations.length })),
  };
}

function withObservations(
  { observed, ...rest }: KeptDemo['deviceReports'][number],
  runs: readonly ScenarioRun[],
): DeviceReport {
  const own = runs.find(({ scenario: { given }, startedAt }) => {
    const things: readonly { readonly thing?: string }[] = given?.things ?? [];
    return startedAt === rest.startedAt && things.some(({ thing }) => thing === rest.thingName);
  });
  const observations = (own?.observations ?? [])
    .filter(({ thingName }) => thingName === undefined || thingName === rest.thingName)
    .slice(0, observed);
  return relinked({ ...rest, observations });
}
