/**
 * The run as a JUnit file, for CI: one suite for the recoveries with a case per pulled device, one for the devices that were
 * left alone, one for the documents, one for what was
 * played in virtual time. Source: the de-facto schema of Jenkins and the Surefire reports.
 */
import { deviceClaims } from '../virtual/violation.ts';
import { evidenceText, failuresIn } from './evidence.ts';
import { escapeMarkup } from './markup.ts';
import { countWords } from './words.ts';
import type { DemoReport, DeviceReport, DocumentSummary } from './run-report.ts';

export interface Case {
  readonly name: string;
  readonly className: string;
  readonly seconds: number;
  readonly failure?: string;
  readonly skipped?: string;
  /** The rig could not tell. */
  readonly error?: string;
}

/** @param failure told where it failed @param reason why it was skipped, or cannot be told */
export function caseOf(
  about: Pick<Case, 'name' | 'className' | 'seconds'>,
  verdict: 'pass' | 'fail' | 'skip' | 'inconclusive',
  failure: () => string,
  reason: string,
): Case {
  return {
    ...about,
    ...(verdict === 'fail' && { failure: failure() }),
    ...(verdict === 'skip' && { skipped: reason }),
    ...(verdict === 'inconclusive' && { error: reason }),
  };
}

export interface Suite {
  readonly name: string;
  readonly cases: readonly Case[];
}

export function junitFile(name: string, suites: readonly Suite[], timestamp: string): string {
  const all = suites.map((each) => suite(each.name, each.cases, timestamp));
  const totals = countsOf(suites.flatMap(({ cases }) => cases));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributeText({ name, ...totals })}>\n${all.join('')}</testsuites>\n`;
}

export function junitReport(report: DemoReport): string {
  const pulled = report.deviceReports.filter(({ pull }) => pull !== undefined);
  const others = report.deviceReports.filter(({ pull }) => pull === undefined);
  const suites = [
    { name: 'recovery', cases: pulled.map(deviceCase) },
    { name: 'untouched', cases: others.map(deviceCase) },
    { name: 'documents', cases: report.documents.map(documentCase) },
    { name: 'virtual', cases: virtualCases(report) },
    ...(report.partial === true ? [{ name: 'run', cases: [cutCase] }] : []),
  ];
  return junitFile('jobrig demo', suites, report.startedAt);
}

const cutCase: Case = {
  name: 'the demo is played to its end',
  className: 'jobrig.run',
  seconds: 0,
  error: 'it was interrupted: what is here was found until then',
};

function deviceCase(device: DeviceReport): Case {
  const { pull, outcome, reason, thingName } = device;
  const about =
    pull === undefined
      ? { name: `${thingName} finishes its jobs`, className: 'jobrig.untouched', seconds: 0 }
      : {
          name: `${thingName} recovers when its job is pulled at ${pull.step} by ${pull.mechanism}`,
          className: `jobrig.recovery.${pull.step}`,
          seconds: (pull.recoveryMs ?? 0) / 1000,
        };
  const verdict = outcome === 'invalid' ? 'fail' : outcome === 'inconclusive' ? 'inconclusive' : 'pass';
  return caseOf(about, verdict, () => failureText(device), reason);
}

function failureText(device: DeviceReport): string {
  const broken = failuresIn(device).flatMap((finding) => [
    `${deviceClaims[finding.claim]} (${finding.claim}): ${finding.reason}`,
    ...evidenceText({ ...device, findings: [finding] }),
  ]);
  return [device.reason, ...broken].join('\n');
}

/** In virtual time: one case for all that went well, one for each cause of what did not. */
function virtualCases({ coverage, causes }: DemoReport): readonly Case[] {
  const { scenarios, seeds } = coverage;
  const broken = causes.filter(({ act }) => act === 'virtual');
  const whole = { name: `${scenarios} scenarios and ${seeds} seeds`, className: 'jobrig.virtual', seconds: 0 };
  if (broken.length === 0) return [whole];
  return broken.map(({ claim, claimText, reason, found, in: where, replay }): Case => ({
    name: `${claim}: ${reason}`,
    className: 'jobrig.virtual',
    seconds: 0,
    failure: [`${claimText}: ${reason}`, `in ${found}: ${where.join(', ')}`, replay ?? ''].join('\n'),
  }));
}

function documentCase({ document, expected, ended, mistaken }: DocumentSummary): Case {
  return {
    name: `${document} ends ${countWords(expected)}`,
    className: 'jobrig.documents',
    seconds: 0,
    ...(mistaken > 0 && { failure: `${mistaken} ended wrong: ${countWords(ended)}` }),
  };
}

function suite(name: string, cases: readonly Case[], timestamp: string): string {
  const attributes = { name, ...countsOf(cases), timestamp };
  return `  <testsuite${attributeText(attributes)}>\n${cases.map(testCase).join('')}  </testsuite>\n`;
}

function countsOf(cases: readonly Case[]): Readonly<Record<string, string | number>> {
  return {
    tests: cases.length,
    failures: cases.filter(({ failure }) => failure !== undefined).length,
    errors: cases.filter(({ error }) => error !== undefined).length,
    skipped: cases.filter(({ skipped }) => skipped !== undefined).length,
    time: cases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3),
  };
}

function testCase({ name, className, seconds, failure, skipped, error }: Case): string {
  const start = `    <testcase${attributeText({ name, classname: className, time: seconds.toFixed(3) })}`;
  if (failure !== undefined) {
    const [message = '', ...rest] = failure.split('\n');
    return `${start}>\n      <failure${attributeText({ message })}>${escapeMarkup(rest.join('\n'))}</failure>\n    </testcase>\n`;
  }
  if (error !== undefined) return `${start}>\n      <error${attributeText({ message: error })}/>\n    </testcase>\n`;
  if (skipped !== undefined)
    return `${start}>\n      <skipped${attributeText({ message: skipped })}/>\n    </testcase>\n`;
  return `${start}/>\n`;
}

function attributeText(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeMarkup(String(value)).replace(/[\t\n\r]/g, ' ')}"`)
    .join('');
}
