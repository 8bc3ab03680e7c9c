/**
 * The report of a demo, cause first: did every device recover; if not, what is wrong in one sentence, how
 * often, and the command that plays it again; of each cause one exemplary story to its end beside what a right device does
 * there. Then recovery times by step, every device, to be searched, and what the run was made of.
 */
import type { Step } from '../../observation/execution.ts';
import type { Observation } from '../../observation/observation.ts';
import { catalogName } from '../verdict/catalog.ts';
import type { BesideOf } from './beside.ts';
import { type CauseRow, causesTable } from './causes-table.ts';
import { claimName } from './claim-words.ts';
import { type Row, shortConversation, storyRows } from './conversation.ts';
import { decisiveOf, evidenceList, failuresIn } from './evidence.ts';
import { type Markup, html } from './markup.ts';
import { type PageContent, commandLine, runBar, sentence, stateLine } from './page-frame.ts';
import { recoveryStrip } from './run-charts.ts';
import type { CauseReport, DemoReport, DeviceOutcome, DeviceReport, HardwareReport } from './run-report.ts';
import { type StoryOptions, causeStory, storiesTold } from './story.ts';
import { facts, findField, table } from './tables.ts';
import { countWords, spanText } from './words.ts';

const subjectsShown = 8;

export function demoContent(report: DemoReport, besideOf: BesideOf = () => ({})): PageContent {
  const { causes, verdict, startedAt, endedAt, seed, things, timeScale, jobrig } = report;
  return {
    title: `jobrig demo: ${verdict}`,
    bar: runBar('demo', html`<span>${things} things, seed ${seed}</span>`, Date.parse(startedAt), Date.parse(endedAt)),
    sections: [
      causes.length > 0 && ['causes', 'Causes'],
      ['recovery', 'Recovery'],
      ['devices', 'Devices'],
      ['made-of', 'What was tried'],
    ],
    body: html`${head(report)}
    ${causes.length > 0 ? causesTable({ columns: ['Found'], rows: causes.map(causeRow), stories: storiesTold }) : undefined}
    ${causes.slice(0, storiesTold).map((cause, index) => {
      const story = storyOf(report, cause, besideOf);
      return story && causeStory(story, index);
    })}
    ${recoverySection(report)} ${deviceSection(report)} ${madeOfSection(report)}`,
    foot: [
      `jobrig ${jobrig}`,
      `seed ${seed}`,
      `device time ${timeScale} times wall time`,
      startedAt,
      'run.json, junit.xml',
    ],
  };
}

function head(report: DemoReport): Markup {
  const { causes, verdict, partial, pulls, canary, devices, coverage, host, deviceReports } = report;
  const pulled = sum(pulls.map((pull) => pull.pulled));
  const recovered = sum(pulls.map((pull) => pull.recovered));
  const worst = Math.max(0, ...pulls.map(({ recoveryMs }) => recoveryMs?.max ?? 0));
  const tried = canary.succeeded + canary.failed;
  const [first] = causes;
  const h1 =
    first !== undefined
      ? sentence(first.reason)
      : verdict === 'pass'
        ? 'Every device recovers, wherever its job is deleted under it.'
        : verdict === 'fail'
          ? 'A job document did not end as it should.'
          : 'Not everything can be said of these devices.';
  const lead =
    first === undefined
      ? [
          pulled > 0
            ? `${recovered} of ${pulled} devices whose job was deleted by force while it ran are idle again and asked for their next job${worst > 0 ? `, the slowest after ${spanText(worst)}` : ''}.`
            : '',
          tried > 0 ? `${canary.succeeded} of ${tried} did a further job.` : '',
        ]
      : [
          `${claimName(first.claim)}, found ${first.act === 'live' ? `on ${first.found} of ${deviceReports.length} devices` : `in ${first.found} runs in virtual time`}.`,
          first.resembles.length > 0 ? `Like ${first.resembles.map(catalogName).join(', ')}.` : '',
          `${devices.valid} of ${devices.valid + devices.invalid} devices ended in a valid state.`,
        ];
  const advice = host.advice === undefined ? '' : sentence(host.advice);
  return html`<section id="top">
    ${stateLine(verdict, `${recovered} of ${pulled} recovered`, cells(deviceReports))}
    <h1>${h1}</h1>
    <p class="lead">
      ${[partial === true ? 'It was interrupted: this is what was found until then.' : '', ...lead, advice].filter((text) => text !== '').join(' ')}
    </p>
    ${commandLine(first?.replay ?? `npx jobrig demo --things ${report.things} --seed ${report.seed}`)}
    <p class="sub">
      Covered: ${coverage.steps} of 9 steps pulled live on ${report.things} devices; ${coverage.scenarios} scenarios and
      ${coverage.seeds} seeds in virtual time.
    </p>
  </section>`;
}

/** As many as stand in a few lines. */
const cellsShown = 400;
/** The class of its cell, its word and its sign. */
const outcomes: Readonly<Record<DeviceOutcome, readonly [cell: string, word: string, sign: string]>> = {
  recovered: ['pass', 'recovered', '✓'],
  untouched: ['skip', 'left alone', '–'],
  invalid: ['fail', 'not valid', '✗'],
  inconclusive: ['inconclusive', 'inconclusive', '?'],
};

function cells(devices: readonly DeviceReport[]): readonly Markup[] {
  const sorted = [...devices].sort((a, b) => Number(isWell(a)) - Number(isWell(b)));
  return sorted.slice(0, cellsShown).map(({ outcome }) => html`<i class="${outcomes[outcome][0]}"></i>`);
}

function causeRow({ reason, claim, resembles, found, act, in: where }: CauseReport): CauseRow {
  const more = where.length > subjectsShown ? ' …' : found > where.length ? ` and ${found - where.length} more` : '';
  const what = act === 'live' ? (found === 1 ? 'device' : 'devices') : 'in virtual time';
  const cell = html`<b class="red">${found}</b> ${what}<br /><span class="small"
      >${where.slice(0, subjectsShown).join(', ')}${more}</span
    >`;
  return { reason, claim, resembles, cells: [cell], short: `${found} ${what}` };
}

/** One device, or one scenario in virtual time, that shows it. */
function storyOf(
  { deviceReports, runs }: DemoReport,
  cause: CauseReport,
  besideOf: BesideOf,
): StoryOptions | undefined {
  const { act, claim, reason, replay: command } = cause;
  const device = act === 'live' ? deviceReports.find((one) => one.thingName === cause.in[0]) : undefined;
  const played = runs.find(({ scenario }) => scenario.id === cause.scenario);
  const shown = device ?? (act === 'virtual' ? played : undefined);
  if (shown === undefined || shown.observations.length === 0) return undefined;
  const { findings, observations, startedAt } = shown;
  const durationMs = Math.max(1, (observations.at(-1)?.at ?? startedAt) - startedAt);
  return {
    claim,
    reason,
    command,
    name: device?.thingName ?? cause.scenario,
    about: device === undefined ? (played?.scenario.claim ?? '') : pullWords(device),
    run: { findings, observations, startedAt, durationMs },
    beside: played === undefined ? {} : besideOf(played.scenario, device?.thingName),
  };
}

function pullWords({ pull, hardware }: DeviceReport): string {
  if (pull === undefined) return `It was left alone. It is a ${hardware}.`;
  const { step, mechanism, jobId, executionNumber, namespaceId } = pull;
  const where = namespaceId === undefined ? '' : ` in namespace ${namespaceId}`;
  return `${mechanism} by force of ${jobId}#${executionNumber}${where} at ${step}. It is a ${hardware}.`;
}

function recoverySection({ pulls, deviceReports }: DemoReport): Markup {
  const timesOf = (step: Step): readonly number[] =>
    deviceReports.flatMap(({ pull, outcome }) =>
      pull?.step === step && outcome === 'recovered' && pull.recoveryMs !== undefined ? [pull.recoveryMs] : [],
    );
  const rows = pulls.map(({ step, pulled, recovered }) => ({
    name: step,
    times: timesOf(step),
    never: pulled - recovered,
  }));
  return html`<section id="recovery">
    <h2>Recovery time by step</h2>
    <p class="sub">
      From the deletion until the device is idle again and has asked for its next job, in device time. The bar is the
      median; × never.
    </p>
    ${rows.length > 0 ? recoveryStrip(rows) : html`<p class="sub">No job was pulled.</p>`}
    ${table(
      ['Step', 'Pulled', 'Recovered', 'Median', '95 %', 'Longest'],
      pulls.map(({ step, pulled, recovered, recoveryMs }) => [
        step,
        pulled,
        recovered < pulled ? html`<b class="red">${recovered}</b>` : recovered,
        ...[recoveryMs?.p50, recoveryMs?.p95, recoveryMs?.max].map(figure),
      ]),
    )}
  </section>`;
}

function figure(ms: number | undefined): string {
  return ms === undefined ? '–' : spanText(ms);
}

/** Of all stories together: the file stays small enough for a mail, however many devices there are. */
const rowsTold = 5000;

/** All of them, the broken first; the stories of those that are told, on opening. */
function deviceSection({ deviceReports }: DemoReport): Markup {
  const sorted = [...deviceReports].sort((a, b) => Number(isWell(a)) - Number(isWell(b)));
  let left = rowsTold;
  const items = sorted.map((device) => {
    const rows = left > 0 ? storyRows(device.observations, decisiveIn(device)) : [];
    left -= rows.length;
    return deviceItem(device, rows);
  });
  const kinds = (Object.keys(outcomes) as DeviceOutcome[])
    .map((outcome) => ({ outcome, count: deviceReports.filter((one) => one.outcome === outcome).length }))
    .filter(({ count }) => count > 0);
  return html`<section id="devices">
    <h2>${deviceReports.length} devices</h2>
    <p class="sub filters">
      ${findField('#device-list', 'Find a device')}
      <button type="button" aria-pressed="true" data-kind-of="#device-list" data-kind="">all</button
      >${kinds.map(({ outcome, count }) => html`<button type="button" aria-pressed="false" data-kind-of="#device-list" data-kind="${outcome}">${count} ${outcomes[outcome][1]}</button>`)}
      <span class="none" role="status"></span>
    </p>
    <div class="devices" id="device-list">${items}</div>
  </section>`;
}

function decisiveIn(device: DeviceReport): Observation | undefined {
  return decisiveOf(failuresIn(device)[0]);
}

function deviceItem(device: DeviceReport, rows: readonly Row[]): Markup {
  const { thingName, hardware, outcome, pull, reason, startedAt, omitted } = device;
  const [, word, sign] = outcomes[outcome];
  const time = pull?.recoveryMs === undefined || outcome === 'invalid' ? '' : spanText(pull.recoveryMs);
  const line = html`<span class="${outcome}">${sign}</span><b>${thingName}</b
    ><span class="small">${pull === undefined ? word : `${pull.step}, ${pull.mechanism}`} · ${hardware}</span
    ><span class="small ms">${time}</span>`;
  if (rows.length === 0) {
    return html`<div class="device ${outcome}" id="device-${thingName}" data-item="${outcome}">
      ${line}${outcome === 'invalid' || outcome === 'inconclusive' ? html`<span class="why">${reason}</span>` : undefined}
    </div>`;
  }
  return html`<details class="device ${outcome}" id="device-${thingName}" data-item="${outcome}">
    <summary>${line}</summary>
    <div>
      <p>${sentence(reason)}</p>
      ${failuresIn(device).map(
        (finding) =>
          html`<p><b class="red">✗ ${claimName(finding.claim)}</b> ${sentence(finding.reason)}</p>
            ${evidenceList({ startedAt, findings: [finding] })}`,
      )}
      ${shortConversation(rows, startedAt, decisiveIn(device))}
      ${omitted > 0 ? html`<p class="small">${omitted} later observations are left out.</p>` : undefined}
    </div>
  </details>`;
}

function isWell({ outcome }: DeviceReport): boolean {
  return outcome === 'recovered' || outcome === 'untouched';
}

function madeOfSection({ documents, faults, hardware }: DemoReport): Markup {
  const injected = Object.entries(faults).sort(([, a], [, b]) => b - a);
  return html`<section id="made-of">
    <h2>What was tried</h2>
    ${
      documents.length === 0
        ? undefined
        : html`<h3>Job documents of real systems</h3>
            <p class="sub">A device that cannot do a job says so: REJECTED, with the reason in statusDetails.</p>
            ${table(
              ['Document', 'Expected', 'Executions ended'],
              documents.map(({ document, expected, ended, mistaken }) => [
                html`<code>${document}</code>`,
                countWords(expected),
                mistaken > 0 ? html`<b class="red">✗ ${countWords(ended)}</b>` : countWords(ended),
              ]),
            )}`
    }
    ${
      injected.length === 0
        ? undefined
        : html`<h3>Faults injected beside the pulls</h3>
            ${facts(injected)}`
    }
    <h3>Hardware, from the figures of these profiles</h3>
    <div class="devices">${hardware.map(hardwareItem)}</div>
  </section>`;
}

function hardwareItem({ name, description, devices, figures, assumed }: HardwareReport): Markup {
  return html`<details class="device">
    <summary>
      <span></span><b>${name}</b><span class="small">${description}</span
      ><span class="small ms">${devices} in the fleet, ${assumed.length} of ${figures} figures assumed</span>
    </summary>
    <div>
      ${table(
        ['Assumed figure', 'Value', 'Ground'],
        assumed.map(({ path, value, source }) => [html`<code>${path}</code>`, value, source]),
      )}
    </div>
  </details>`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
