/**
 * The report of a check, cause first: did it pass; if not, what is wrong in one sentence, where and how
 * often, and the command that plays just that again; then what happened, what a right device does there, and everything else.
 */
import type { CheckResult, ScenarioResult } from '../live/check/check-result.ts';
import { exemplaryRun, verdictOfCheck, verdictOfRuns } from '../live/check/check-result.ts';
import type { Portrait } from '../live/check/portrait.ts';
import { catalogName } from '../verdict/catalog.ts';
import type { BesideOf } from './beside.ts';
import { type CauseRow, causesTable } from './causes-table.ts';
import { claimName } from './claim-words.ts';
import { type Cause, causesOf, survivalOf } from './check-summary.ts';
import { type Markup, html } from './markup.ts';
import { type PageContent, commandLine, runBar, sentence, stateLine } from './page-frame.ts';
import { recoveryStrip, sweepChart, sweepTitle } from './run-charts.ts';
import { type StoryOptions, causeStory, storiesTold } from './story.ts';
import { facts, findField } from './tables.ts';
import { spanText } from './words.ts';

export interface CheckPageOptions {
  /** Whose page it is; default `check`. */
  readonly verb?: string;
  /** What plays the failures again. */
  readonly command?: string;
  /** How the device, and a right one, went in a scenario; absent: nobody can say. */
  readonly besideOf?: BesideOf;
}

export function checkContent(
  result: CheckResult,
  { verb = 'check', command, besideOf = () => ({}) }: CheckPageOptions = {},
): PageContent {
  const causes = causesOf(result);
  const { subject, startedAt, endedAt, sweep, portrait, results } = result;
  return {
    title: `jobrig ${verb}: ${verdictOfCheck(result)}`,
    bar: runBar(verb, html`<code>${subject}</code>`, startedAt, endedAt),
    sections: [
      causes.length > 0 && ['causes', 'Causes'],
      portrait !== undefined && ['device', 'Device'],
      sweep !== undefined && ['sweep', 'Sweep'],
      results.length > 0 && ['scenarios', 'Scenarios'],
    ],
    body: html`${head(result, causes, command ?? commandOf(causes[0], result, verb))}
    ${causes.length > 0 ? causesTable({ columns: ['Scenarios', ...(sweep?.length ? ['Moments of the sweep'] : [])], rows: causes.map((cause) => causeRow(cause, result)), stories: storiesTold }) : undefined}
    ${causes.slice(0, storiesTold).map((cause, index) => causeStory(storyOf(cause, besideOf), index))}
    ${sweep === undefined || sweep.length === 0 ? undefined : sweepSection(sweep)}
    ${portrait === undefined ? undefined : deviceSection(result, portrait)}
    ${results.length > 0 ? scenarioSection(result) : undefined}`,
    foot: ['run.json', 'junit.xml', ...(causes.length > 0 ? ['failing/'] : []), new Date(startedAt).toISOString()],
  };
}

function head(result: CheckResult, causes: readonly Cause[], again: string | undefined): Markup {
  const { tried, survived, skipped, inconclusive } = survivalOf(result.results);
  const verdict = verdictOfCheck(result);
  const [first] = causes;
  const h1 =
    result.diagnosis !== undefined
      ? 'The device could not do a plain job, so nothing else was tried.'
      : first !== undefined
        ? sentence(first.sentence)
        : verdict === 'pass'
          ? 'The device recovers wherever it is pulled.'
          : 'Nothing can be said of this device yet.';
  const lead =
    result.diagnosis?.cause ??
    (first === undefined
      ? `${survived} scenarios were survived, ${skipped} could not be tried on this device${inconclusive > 0 ? `, ${inconclusive} were inconclusive` : ''}.`
      : `${claimName(first.claim)}. Seen in ${first.results.length} of ${tried} scenarios.${first.resembles.length > 0 ? ` Like ${first.resembles.map(catalogName).join(', ')}.` : ''}`);
  return html`<section id="top">
    ${stateLine(verdict, `survived ${survived} of ${tried}`, cells(result.results))}
    <h1>${h1}</h1>
    <p class="lead">${sentence(lead)}</p>
    ${first === undefined || again === undefined ? undefined : commandLine(again)}
    ${
      result.diagnosis === undefined || result.diagnosis.printed.length === 0
        ? undefined
        : html`<details open>
            <summary>What it printed last</summary>
            <pre>${result.diagnosis.printed.join('\n')}</pre>
          </details>`
    }
  </section>`;
}

/** Of a run that does not say it. */
function commandOf(cause: Cause | undefined, { subject }: CheckResult, verb: string): string | undefined {
  if (cause === undefined || verb !== 'check') return undefined;
  const { results } = cause;
  const ids = results
    .slice(0, 4)
    .map(({ scenario }) => `--scenario ${scenario.id}`)
    .join(' ');
  return `npx jobrig check ${ids} -- ${subject}`;
}

function cells(results: readonly ScenarioResult[]): readonly Markup[] {
  return results.map(({ scenario, runs }) => html`<i class="${verdictOfRuns(runs)}" title="${scenario.id}"></i>`);
}

function causeRow({ sentence: reason, claim, resembles, results }: Cause, { sweep = [] }: CheckResult): CauseRow {
  const moments = sweep.filter(({ run }) => run.broke[0] === claim).length;
  const scenarios = results.map(({ scenario }) => html`<code>${scenario.id}</code> `);
  const ofSweep = sweep.length === 0 ? [] : [moments > 0 ? `${moments} of ${sweep.length}` : 'none'];
  const short = `${results.length} ${results.length === 1 ? 'scenario' : 'scenarios'}`;
  return { reason, claim, resembles, cells: [scenarios, ...ofSweep], short };
}

function storyOf({ results, claim }: Cause, besideOf: BesideOf): StoryOptions {
  const run = exemplaryRun(results[0]!);
  const { scenario, reason } = run;
  return { claim, reason, name: scenario.id, about: scenario.claim, run, beside: besideOf(scenario) };
}

function sweepSection(sweep: NonNullable<CheckResult['sweep']>): Markup {
  return html`<section id="sweep">
    <h2>${sweepTitle(sweep)}</h2>
    <p class="sub">
      The job was pulled at ${sweep.length} moments of the same update. Failed pulls by the time of the pull; the band
      is the 95 % interval.
    </p>
    ${sweepChart(sweep)}
  </section>`;
}

function deviceSection({ results }: CheckResult, portrait: Portrait): Markup {
  const themes = [...new Set(results.map(({ scenario }) => scenario.theme ?? 'others'))];
  const rows = themes.flatMap((name) => {
    const runs = results.filter(({ scenario }) => (scenario.theme ?? 'others') === name).flatMap((each) => each.runs);
    const times = runs.flatMap((run) => (run.verdict === 'pass' ? (run.recoveryMs ?? []) : []));
    const never = runs.filter((run) => run.verdict === 'fail' && run.recoveryMs === undefined).length;
    return times.length + never === 0 ? [] : [{ name, times, never }];
  });
  return html`<section id="device">
    <div class="two">
      <div>
        <h2>Recovery time</h2>
        <p class="sub">From the pull until the device asks again.</p>
        ${rows.length > 0 ? recoveryStrip(rows) : html`<p class="sub">No pull was recovered from.</p>`}
      </div>
      <div>
        <h2>Portrait of the device</h2>
        <p class="sub">What the handshake showed.</p>
        ${facts(portraitRows(portrait))}
      </div>
    </div>
  </section>`;
}

function span(ms: number | undefined): string {
  return ms === undefined ? 'not seen' : spanText(ms);
}

function portraitRows(portrait: Portrait): readonly (readonly [string, string])[] {
  const { protocol, session, keepAliveSeconds, qos, hears, asksBy, downloadsBy, reportsVersionBy } = portrait;
  return [
    [
      'Session',
      [session ?? 'unknown', keepAliveSeconds === undefined ? '' : `keep-alive ${keepAliveSeconds} s`, protocol ?? '']
        .filter(Boolean)
        .join(', '),
    ],
    ['Hears by', hears.join(' and ') || 'nothing: it asks'],
    ['Asks by', asksBy.join(' and ') || 'never'],
    [
      'Requests',
      [
        qos === undefined ? '' : `QoS ${qos}`,
        portrait.sendsExpectedVersion ? 'expectedVersion on updates' : 'no expectedVersion',
      ]
        .filter(Boolean)
        .join(', '),
    ],
    ['Asks while working', portrait.asksWhileWorking ? 'yes' : 'no'],
    ['Downloads by', downloadsBy.join(' and ') || 'not from the rig'],
    ['Reports its version by', reportsVersionBy.join(' and ') || 'nothing that is seen'],
    ['An update takes', span(portrait.updateMs)],
    ['Boots in', span(portrait.bootMs)],
    ['Reconnects in', span(portrait.reconnectMs)],
  ];
}

const signs = { pass: '✓', fail: '✗', skip: '–', inconclusive: '?' } as const;
const order = ['fail', 'inconclusive', 'pass', 'skip'] as const;

function scenarioSection({ results }: CheckResult): Markup {
  const themes = [...new Set(results.map(({ scenario }) => scenario.theme ?? 'others'))];
  const skipped = results.filter(({ runs }) => verdictOfRuns(runs) === 'skip').length;
  return html`<section id="scenarios">
    <h2>${results.length} ${results.length === 1 ? 'scenario' : 'scenarios'}, ${skipped} skipped</h2>
    <p class="sub">
      ${findField('#themes', 'Filter scenarios')}
      <span class="none" role="status"></span>
    </p>
    <div class="themes" id="themes">
      ${themes.map((theme) => {
        const own = results.filter(({ scenario }) => (scenario.theme ?? 'others') === theme);
        const sorted = [...own].sort(
          (a, b) => order.indexOf(verdictOfRuns(a.runs)) - order.indexOf(verdictOfRuns(b.runs)),
        );
        const { tried, survived } = survivalOf(own);
        return html`<div class="theme">
          <h3>${theme}<span>${survived} of ${tried}</span></h3>
          <ul>
            ${sorted.map(scenarioItem)}
          </ul>
        </div>`;
      })}
    </div>
  </section>`;
}

function scenarioItem(result: ScenarioResult): Markup {
  const run = exemplaryRun(result);
  const verdict = verdictOfRuns(result.runs);
  const time = run.recoveryMs === undefined ? '' : spanText(run.recoveryMs);
  return html`<li class="${verdict}" data-item="${verdict}" title="${result.scenario.claim}">
    <span>${signs[verdict]}</span><span>${result.scenario.id}</span
    ><span class="small">${time}</span>${run.reason === '' ? undefined : html`<span class="why">${run.reason}</span>`}
  </li>`;
}
