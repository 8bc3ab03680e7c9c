/**
 * The report as one self-contained page: what was asked, what came of it, the table and picture of recovery times, the
 * fleet at a glance, and every pulled device's story on opening it. No script, no network; works by keyboard and in print.
 */
import type { Observation } from '../../observation/observation.ts';
import type { Finding } from '../verdict/contract.ts';
import { deviceClaims } from '../virtual/violation.ts';
import { faultsSection } from './faults-section.ts';
import { hardwareSection } from './hardware-section.ts';
import { html, trusted } from './markup.ts';
import type { Markup } from './markup.ts';
import { pageStyle } from './page-style.ts';
import { recoveryChart } from './recovery-chart.ts';
import { lineOf, plainText } from './lines.ts';
import type {
  CauseReport,
  DemoReport,
  DeviceOutcome,
  DeviceReport,
  DocumentSummary,
  PullSummary,
} from './run-report.ts';
import { sequenceDiagram } from './sequence-diagram.ts';
import { timelineOf } from './timeline.ts';
import { countWords, spanText } from './words.ts';

/** A browser copes with a few thousand diagrams badly; the devices that failed are always among those drawn. */
const diagramsDrawn = 400;

const verdictWords = { pass: 'passed', fail: 'failed', inconclusive: 'inconclusive' } as const;

export function reportPage(report: DemoReport): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>jobrig: ${report.things} things, ${verdictWords[report.verdict]}</title>
        <style>
          ${trusted(pageStyle)}
        </style>
      </head>
      <body>
        ${head(report)}
        <main>
          ${causeSection(report)} ${recoverySection(report)} ${fleetSection(report)}
          ${documentSection(report.documents)} ${faultsSection(report)} ${hardwareSection(report)}
          ${deviceSection(report)}
        </main>
        ${foot(report)}
      </body>
    </html>`;
  return `${page.text}\n`;
}

function head(report: DemoReport): Markup {
  const pulled = sum(report.pulls.map((pull) => pull.pulled));
  const recovered = sum(report.pulls.map((pull) => pull.recovered));
  const worst = Math.max(0, ...report.pulls.map(({ recoveryMs }) => recoveryMs?.max ?? 0));
  const tiles: readonly (readonly [string, string])[] = [
    [`${report.things}`, 'things'],
    [`${pulled}`, 'jobs pulled while running'],
    [`${recovered} of ${pulled}`, 'recovered'],
    [worst > 0 ? spanText(worst) : '–', 'slowest recovery'],
    [`${report.devices.valid} of ${report.devices.valid + report.devices.invalid}`, 'devices valid at the end'],
    [`${report.canary.succeeded} of ${report.canary.succeeded + report.canary.failed}`, 'canary jobs succeeded'],
  ];
  return html`<header class="top">
    <div class="brand">jobrig</div>
    <h1>
      Does a device recover when its job is deleted under it?
      <span class="badge ${report.verdict}">${verdictWords[report.verdict]}</span>
    </h1>
    <p class="lead">
      A fleet of simulated devices ran a firmware job over MQTT. While they were IN_PROGRESS, an operator force-deleted
      single executions and whole jobs, at every step of the update, then created the jobs again under the same ids.
    </p>
    <div class="tiles">
      ${tiles.map(([figure, name]) => html`<div class="tile"><b>${figure}</b><span>${name}</span></div>`)}
    </div>
  </header>`;
}

function causeSection({ causes, coverage, host }: DemoReport): Markup {
  const { steps, scenarios, seeds } = coverage;
  return html`<section>
    <h2>${causes.length === 0 ? 'Nothing broke' : 'What broke'}</h2>
    <p class="aside">
      ${steps} of 9 steps pulled live; ${scenarios} scenarios, ${seeds} seeds in virtual time.
      ${host.advice === undefined ? undefined : `Inconclusive: ${host.advice}.`}
    </p>
    ${causes.map(causeMarkup)}
  </section>`;
}

function causeMarkup({ act, claim, claimText, reason, found, in: where, resembles, replay }: CauseReport): Markup {
  const subjects = act === 'live' ? 'devices' : 'runs in virtual time';
  const more = found > where.length ? ` and ${found - where.length} more` : '';
  return html`<div class="broken-claim">
    <b>${claim}</b> ${claimText}: ${reason}
    <p>
      ${found} ${subjects}: ${where.join(', ')}${more}${resembles.length === 0 ? '' : `; like ${resembles.join(', ')}`}
    </p>
    ${replay === undefined ? undefined : html`<p><code>${replay}</code></p>`}
  </div>`;
}

function recoverySection({ pulls, deviceReports }: DemoReport): Markup {
  return html`<section>
    <h2>Recovery by step</h2>
    <p class="aside">
      Where the device was when its job was taken away, and the device time from then until it was idle again and had
      asked for the next job.
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Step</th>
            <th class="n">Devices</th>
            <th class="n">Recovered</th>
            <th class="n">p50</th>
            <th class="n">p95</th>
            <th class="n">Max</th>
          </tr>
        </thead>
        <tbody>
          ${pulls.map(pullRow)}
        </tbody>
      </table>
    </div>
    ${recoveryChart(deviceReports)}
    <ul class="key">
      <li><i class="round execution-key"></i>DeleteJobExecution, forced</li>
      <li><i class="job-key"></i>DeleteJob, forced</li>
      <li>upright bar: median</li>
    </ul>
  </section>`;
}

function pullRow({ step, pulled, recovered, recoveryMs }: PullSummary): Markup {
  return html`<tr>
    <td>${step}</td>
    <td class="n">${pulled}</td>
    <td class="n${recovered < pulled ? ' bad' : ''}">${recovered}</td>
    ${spanCell(recoveryMs?.p50)} ${spanCell(recoveryMs?.p95)} ${spanCell(recoveryMs?.max)}
  </tr>`;
}

function spanCell(ms: number | undefined): Markup {
  return html`<td class="n">${ms === undefined ? '–' : spanText(ms)}</td>`;
}

const outcomeWords: Readonly<Record<DeviceOutcome, string>> = {
  recovered: 'recovered',
  untouched: 'left alone',
  invalid: 'not valid',
  inconclusive: 'inconclusive',
};

function fleetSection({ deviceReports }: DemoReport): Markup {
  const drawn = new Set(deviceDetails(deviceReports));
  const cell = (device: DeviceReport) => {
    const title = `${device.thingName} (${device.hardware}): ${device.reason}`;
    const style = outcomeStyle(device.outcome);
    return drawn.has(device)
      ? html`<a class="${style}" href="#device-${device.thingName}" title="${title}" aria-label="${title}"></a>`
      : html`<span class="${style}" title="${title}"></span>`;
  };
  return html`<section>
    <h2>The fleet</h2>
    <div class="fleet">${deviceReports.map(cell)}</div>
    <ul class="key">
      ${(Object.keys(outcomeWords) as DeviceOutcome[]).map((outcome) => {
        const count = deviceReports.filter((device) => device.outcome === outcome).length;
        return count === 0
          ? undefined
          : html`<li><i class="${outcomeStyle(outcome)}"></i>${count} ${outcomeWords[outcome]}</li>`;
      })}
    </ul>
  </section>`;
}

function outcomeStyle(outcome: DeviceOutcome): string {
  return outcome === 'inconclusive' ? 'inconclusive-device' : outcome;
}

function documentSection(documents: readonly DocumentSummary[]): Markup | undefined {
  if (documents.length === 0) return undefined;
  return html`<section>
    <h2>Job documents of real systems</h2>
    <p class="aside">A device that cannot do a job says so: REJECTED, with the reason in statusDetails.</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Document</th>
            <th>Expected</th>
            <th>Executions ended</th>
          </tr>
        </thead>
        <tbody>
          ${documents.map((document) => {
            return html`<tr>
              <td><code>${document.document}</code></td>
              <td>${countWords(document.expected)}</td>
              <td class="${document.mistaken > 0 ? 'bad' : ''}">${countWords(document.ended)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** Pulled or broken devices, the broken ones first. */
function deviceDetails(devices: readonly DeviceReport[]): readonly DeviceReport[] {
  const told = devices.filter(({ observations }) => observations.length > 0);
  return [...told.filter((device) => !isWell(device)), ...told.filter(isWell)].slice(0, diagramsDrawn);
}

function isWell({ outcome }: DeviceReport): boolean {
  return outcome === 'recovered' || outcome === 'untouched';
}

function deviceSection({ deviceReports }: DemoReport): Markup | undefined {
  const details = deviceDetails(deviceReports);
  if (details.length === 0) return undefined;
  const broken = details.find(({ outcome }) => outcome === 'invalid');
  return html`<section>
    <h2>Device by device</h2>
    <p class="aside">
      What was said between operator, service and device from the start of the job to the recovery. Point at an arrow
      for its topic.
    </p>
    ${details.map((device) => deviceStory(device, device === broken))}
  </section>`;
}

const stateStyle: Readonly<Record<DeviceOutcome, string>> = {
  recovered: 'good',
  untouched: 'good',
  invalid: 'broken',
  inconclusive: 'unsure',
};

function deviceStory(device: DeviceReport, open: boolean): Markup {
  const { thingName, hardware, outcome, pull, reason, findings, observations, startedAt } = device;
  const namespace = pull?.namespaceId === undefined ? '' : ` in namespace ${pull.namespaceId}`;
  const what =
    pull === undefined
      ? reason
      : `${pull.step} · ${pull.mechanism} of ${pull.jobId}#${pull.executionNumber}${namespace}`;
  return html`<details class="device" id="device-${thingName}" ${open ? trusted(' open') : undefined}>
    <summary>
      <b>${thingName}</b>
      <span class="what">${what} · ${hardware}</span>
      <span class="ms">${pull?.recoveryMs === undefined ? undefined : spanText(pull.recoveryMs)}</span>
      <span class="state ${stateStyle[outcome]}">${outcomeWords[outcome]}</span>
    </summary>
    <div>
      <p>${reason}</p>
      <ul class="claims">
        ${findings.map((finding) => html`<li class="${finding.outcome}" title="${deviceClaims[finding.claim]}: ${finding.reason}">${finding.claim}${finding.outcome === 'not-observed' ? ' not observed' : ''}</li>`)}
      </ul>
      ${findings.filter((finding) => finding.outcome === 'fail').map(brokenClaim)}
      <div class="scroll">${sequenceDiagram(thingName, timelineOf(observations, startedAt))}</div>
    </div>
  </details>`;
}

function brokenClaim({ claim, reason, evidence }: Finding): Markup {
  return html`<div class="broken-claim">
    <b>${claim}</b> ${deviceClaims[claim]}: ${reason}
    <ol>
      ${evidence.map(evidenceLine)}
    </ol>
  </div>`;
}

function evidenceLine(seen: Observation): Markup | undefined {
  const line = lineOf(seen);
  if (line === undefined) return undefined;
  const topic = line.topic === undefined ? undefined : html`<code>${line.topic}</code> `;
  return html`<li>${topic}${plainText(line.text)}</li>`;
}

function foot(report: DemoReport): Markup {
  return html`<footer>
    jobrig ${report.jobrig} · seed ${report.seed} · device time ${report.timeScale}× wall time · started
    ${report.startedAt} · each device is stopped at its step while the operator deletes, so that every step is really
    hit
  </footer>`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
