/**
 * The report of a check, one self-contained page, cause first: did it pass; if not, what is wrong in one sentence, where and how
 * often, and the command that plays just that again; then what happened, what a right device does there, and everything else.
 */
import type { CheckResult, ScenarioResult, ScenarioRun } from '../live/check/check-result.ts';
import { exemplaryRun, verdictOfCheck, verdictOfRuns } from '../live/check/check-result.ts';
import type { Portrait } from '../live/check/portrait.ts';
import { catalogName } from '../verdict/catalog.ts';
import { claimNames, rightDevice } from './claim-words.ts';
import { type Cause, causesOf, survivalOf } from './check-summary.ts';
import { conversation } from './conversation.ts';
import { lookStyle } from './look-style.ts';
import { type Insertable, type Markup, html, trusted } from './markup.ts';
import { overview, recoveryStrip, sweepChart, sweepTitle } from './run-charts.ts';
import { spanText } from './words.ts';

export function checkPage(result: CheckResult): string {
  const causes = causesOf(result);
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>jobrig check: ${verdictOfCheck(result)}</title>
        <style>
          ${trusted(lookStyle)}
        </style>
      </head>
      <body>
        ${bar(result)}
        <main>
          ${head(result, causes)} ${causes.length > 0 ? causesTable(causes, result) : undefined}
          ${causes.slice(0, 5).map((cause, index) => causeStory(cause, index))}
          ${result.sweep === undefined || result.sweep.length === 0 ? undefined : sweepSection(result.sweep)}
          ${result.portrait === undefined ? undefined : deviceSection(result, result.portrait)}
          ${scenarioSection(result)}
        </main>
        <footer>
          <span>run.json</span><span>junit.xml</span>${causes.length > 0 ? html`<span>failing/</span>` : undefined}
          <span>${new Date(result.startedAt).toISOString()}</span>
        </footer>
        <script>
          ${trusted(script)};
        </script>
      </body>
    </html>`;
  return `${text}\n`;
}

function bar(result: CheckResult): Markup {
  const { subject, startedAt, endedAt } = result;
  return html`<header class="bar">
    <div>
      <b>jobrig check</b><code>${subject}</code
      ><span>${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ')}</span>
      <span>${spanText(endedAt - startedAt)}</span>
      <nav>
        <a href="#causes">Causes</a
        ><a href="#device">Device</a>${result.sweep ? html`<a href="#sweep">Sweep</a>` : undefined}<a href="#scenarios"
          >Scenarios</a
        >
      </nav>
    </div>
  </header>`;
}

function head(result: CheckResult, causes: readonly Cause[]): Markup {
  const { tried, survived, skipped, inconclusive } = survivalOf(result.results);
  const verdict = verdictOfCheck(result);
  const sign = {
    pass: html`<span class="good">✓ Passed</span>`,
    fail: html`<span class="bad">✗ Failed</span>`,
    inconclusive: html`<span>? Inconclusive</span>`,
  };
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
      : `${first.claim}, ${claimNames[first.claim as keyof typeof claimNames]}. Seen in ${first.results.length} of ${tried} scenarios.${first.resembles.length > 0 ? ` Like ${first.resembles.map(catalogName).join(', ')}.` : ''}`);
  return html`<section id="top">
    <p class="state">
      ${sign[verdict]} <span>survived ${survived} of ${tried}</span
      ><span class="cells" aria-hidden="true">${cells(result.results)}</span>
    </p>
    <h1>${h1}</h1>
    <p class="lead">${sentence(lead)}</p>
    ${first === undefined ? undefined : command(first, result)}
    ${
      result.diagnosis === undefined
        ? undefined
        : html`<details open>
            <summary>What it printed last</summary>
            <pre>${result.diagnosis.printed.join('\n')}</pre>
          </details>`
    }
  </section>`;
}

function command({ results }: Cause, { subject }: CheckResult): Markup {
  const ids = results
    .slice(0, 4)
    .map(({ scenario }) => `--scenario ${scenario.id}`)
    .join(' ');
  return html`<p class="command">
    <code>jobrig check ${ids} -- ${subject}</code><button type="button" class="copy">Copy</button>
  </p>`;
}

function cells(results: readonly ScenarioResult[]): readonly Markup[] {
  return results.map(({ scenario, runs }) => html`<i class="${verdictOfRuns(runs)}" title="${scenario.id}"></i>`);
}

function causesTable(causes: readonly Cause[], { sweep = [] }: CheckResult): Markup {
  return html`<section id="causes">
    <h2>${causes.length === 1 ? 'One cause' : `${causes.length} causes`}</h2>
    <table class="causes">
      <thead>
        <tr>
          <th></th>
          <th>What is wrong</th>
          <th>Claim</th>
          <th>Scenarios</th>
          <th>Moments of the sweep</th>
        </tr>
      </thead>
      <tbody>
        ${causes.map(({ sentence: what, claim, resembles, results }, index) => {
          const moments = sweep.filter(({ run }) => run.broke[0] === claim).length;
          return html`<tr>
            <td>${index + 1}</td>
            <td>
              <a href="#cause-${index + 1}"><b>${sentence(what)}</b></a
              ><br /><span class="small"
                >${resembles.length > 0 ? `Like ${resembles.map(catalogName).join(', ')}` : ''}</span
              >
            </td>
            <td>${claim} ${claimNames[claim as keyof typeof claimNames]}</td>
            <td>${results.map(({ scenario }) => html`<code>${scenario.id}</code> `)}</td>
            <td class="n">${moments > 0 ? `${moments} of ${sweep.length}` : ''}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}

function causeStory({ results, claim }: Cause, index: number): Markup {
  const run = exemplaryRun(results[0]!);
  const finding = run.findings.find(({ outcome, claim: broke }) => outcome === 'fail' && broke === claim);
  const decisive = finding?.decisive ?? finding?.evidence.at(-1);
  const right = rightDevice[claim as keyof typeof rightDevice];
  return html`<section id="cause-${index + 1}" class="story">
    <h2>What happened: ${run.scenario.id}</h2>
    <p class="sub">${run.scenario.claim}</p>
    ${overview(run)}
    ${conversation(run.observations, { startedAt: run.startedAt, ...(decisive && { decisive }), why: `${sentence(finding?.reason ?? '')} ${sentence(right[0] ?? '')}` })}
    <div class="two">
      <div>
        <h3 class="red">✗ What this device did</h3>
        <ul>
          ${brokenLines(run)}
        </ul>
      </div>
      <div>
        <h3 class="green">✓ What a right device does here</h3>
        <ul>
          ${right.map((line) => html`<li>✓ ${sentence(line)}</li>`)}
        </ul>
      </div>
    </div>
  </section>`;
}

function brokenLines(run: ScenarioRun): Insertable {
  return run.findings
    .filter(({ outcome }) => outcome === 'fail')
    .map(
      ({ claim, reason }) =>
        html`<li>✗ ${sentence(reason)} <span class="small">${claim} ${claimNames[claim]}</span></li>`,
    );
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
        <dl>
          ${portraitRows(portrait).map(
            ([name, value]) =>
              html`<dt>${name}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
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
    <h2>${results.length} scenarios, ${skipped} skipped</h2>
    <p class="sub">
      <input type="search" class="filter" placeholder="Filter scenarios" aria-label="Filter scenarios" />
    </p>
    <div class="themes">
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
  return html`<li class="${verdict}" title="${result.scenario.claim}">
    <span>${signs[verdict]}</span><span>${result.scenario.id}</span
    ><span class="small">${time}</span>${run.reason === '' ? undefined : html`<span class="why">${run.reason}</span>`}
  </li>`;
}

/** A reason begins with what the device does, or with what else it is about. */
function sentence(text: string): string {
  if (text === '') return '';
  const whole =
    /^(?!it |its )[a-z]+s /.test(text) || /^(never|still|went|not) /.test(text) ? `The device ${text}` : text;
  const first = whole.charAt(0).toUpperCase() + whole.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Copying, filtering and the scrubber; without it the page still says all. */
const script = `
for (const button of document.querySelectorAll('.copy')) button.addEventListener('click', () => { const code = button.previousElementSibling.textContent; navigator.clipboard?.writeText(code); button.textContent = 'Copied'; });
document.querySelector('.filter')?.addEventListener('input', (event) => { const word = event.target.value.toLowerCase(); for (const item of document.querySelectorAll('.theme li')) item.hidden = !item.textContent.toLowerCase().includes(word); });
for (const story of document.querySelectorAll('.story')) {
  const scrub = story.querySelector('.scrub'), rows = [...story.querySelectorAll('.row[data-at]')], line = story.querySelector('.cursor');
  scrub?.addEventListener('input', () => {
    const at = Number(scrub.value), here = rows.findLast((row) => Number(row.dataset.at) <= at);
    for (const row of rows) row.classList.toggle('here', row === here);
    const x = 80 + (at / Number(scrub.max)) * (1072 - 96); line.setAttribute('x1', x); line.setAttribute('x2', x);
    story.querySelector('.at').textContent = (at / 1000).toFixed(2) + ' s'; story.querySelector('.said').textContent = here ? here.querySelector('.w').firstChild.textContent : '';
  });
}
`;
