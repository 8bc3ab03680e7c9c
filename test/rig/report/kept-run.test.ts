/** A `run.json` read again: what was kept is shown as it was told first, and what is none says what is wrong and where. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type CheckResult, checkForm } from '../../../rig/live/check/check-result.ts';
import { checkContent } from '../../../rig/report/check-page.ts';
import { demoContent } from '../../../rig/report/demo-page.ts';
import { jsonFault } from '../../../rig/report/json-fault.ts';
import { keptDemo, readKeptRun } from '../../../rig/report/kept-run.ts';
import { loadContent } from '../../../rig/report/load-page.ts';
import { pageBody, type PageContent } from '../../../rig/report/page-frame.ts';
import { shownLoad } from '../../../rig/report/pages.ts';
import { shownRun } from '../../../rig/report/shown-run.ts';
import { sampleCheck } from '../../support/sample-check.ts';
import { sampleLoadRun } from '../../support/sample-load.ts';
import { sampleReport } from '../../support/sample-report.ts';

function bodyOf(content: PageContent | string): string {
  return typeof content === 'string' ? content : pageBody(content).text;
}

let check: CheckResult;
beforeAll(async () => {
  check = await sampleCheck();
});

describe('what was kept is shown as it was told first', () => {
  it.each(['check', 'simulate'] as const)('the run of a %s', (verb) => {
    const text = JSON.stringify({ form: checkForm, ...check, verb });
    expect(bodyOf(shownRun(text))).toBe(bodyOf(checkContent(check, { verb })));
  });

  it('a file of before, which does not say whose it is', () => {
    expect(bodyOf(shownRun(JSON.stringify({ form: checkForm, ...check })))).toBe(bodyOf(checkContent(check)));
  });

  it('what stood beside the device', () => {
    const first = check.results.find(({ runs }) => runs[0]?.verdict === 'fail');
    const scenario = first!.scenario.id;
    const view = { slots: [], activeSlot: 0, runningVersion: '1.2.3-beside', ram: { usedBytes: 1, budgetBytes: 2 } };
    const right = { observations: [], pulledAt: 0, before: view, after: view };
    const only = { ...check, results: [first!] };
    const text = JSON.stringify({ form: checkForm, ...only, besides: [{ scenario, beside: { right } }] });
    expect(bodyOf(shownRun(text))).toContain('1.2.3-beside');
  });

  it('a demo, its devices with what was seen of them', () => {
    const report = sampleReport(30);
    const told = report.deviceReports.map((device, index) => ({ ...device, startedAt: 1000 + index }));
    const runs = told.map((device, index) => ({
      scenario: {
        ...check.results[0]!.scenario,
        id: `wave-${index}`,
        given: { things: [{ thing: device.thingName }] },
      },
      verdict: 'pass' as const,
      broke: [],
      reason: '',
      findings: [],
      observations: device.observations,
      startedAt: device.startedAt,
      durationMs: 1,
      resembles: [],
    }));
    const whole = { ...report, deviceReports: told, runs: runs as never };
    const results = runs.map((run) => ({ scenario: run.scenario, runs: [run] }));
    const kept = { form: checkForm, ...check, results, sweep: undefined, verb: 'demo', demo: keptDemo(whole) };
    expect(bodyOf(shownRun(JSON.stringify(kept)))).toBe(bodyOf(demoContent(whole)));
  });

  it('the report.json of a demo', () => {
    const { runs: _runs, ...report } = sampleReport(30);
    expect(bodyOf(shownRun(JSON.stringify(report)))).toBe(bodyOf(demoContent({ ...report, runs: [] })));
  });

  it('a load run', () => {
    const shown = shownLoad(sampleLoadRun(), []);
    const { run, thresholds, latencies: latencyMs, percentiles } = shown;
    const text = JSON.stringify({ ...run, thresholds, latencyMs, percentiles });
    expect(bodyOf(shownRun(text))).toBe(bodyOf(loadContent(shown)));
    // One of before has its curves in its histograms alone.
    expect(bodyOf(shownRun(JSON.stringify(run)))).toContain('executions succeeded');
  });

  it('lets nothing that is in it become markup', () => {
    const hostile = '</script><img src=x onerror=alert(1)>';
    const load = { ...sampleLoadRun(), shape: hostile, failures: { [hostile]: 1 } };
    expect(bodyOf(shownRun(JSON.stringify(load)))).not.toContain('<img');
    const result = { form: checkForm, ...check, subject: hostile, verb: hostile };
    expect(bodyOf(shownRun(JSON.stringify(result)))).not.toContain('<img');
  });
});

describe('what is no run says what is wrong and where', () => {
  const load = JSON.stringify(sampleLoadRun());

  it.each([
    ['', 'is cut off: it ends in the middle, at line 1, column 1'],
    ['{"form":', /^is cut off: .* line 1, column 9$/],
    ['{"form": "jobrig che', /^is cut off/],
    ['{"a": tru', /^is cut off/],
    ['{"a": 1.', /^is cut off/],
    ['not JSON', 'is not JSON: at line 1, column 1 stands “not JSON”'],
    ['{\n  "a": 1,\n  b: 2\n}', 'is not JSON: at line 3, column 3 stands “b: 2”'],
    ['{"a": 1,}', 'is not JSON: at line 1, column 9 stands “}”'],
    ['{} {}', 'is not JSON: at line 1, column 4 stands “{}”'],
    ['[1, 2', /^is cut off/],
    ["{'a': 1}", /^is not JSON: at line 1, column 2/],
    ['[]', 'is JSON, but no run of jobrig'],
    ['42', 'is JSON, but no run of jobrig'],
    ['null', 'is JSON, but no run of jobrig'],
    ['{"name": "package"}', 'is JSON, but no run of jobrig: it has no member "form"'],
    ['{"form": "something else"}', 'is JSON, but no run of jobrig: its form is “something else”'],
    ['{"form": "jobrig check run 2"}', /^is of a later version: .*“jobrig check run 2”.*“jobrig check run 1”/],
    ['{"form": "jobrig load run 0"}', /^is of another version/],
    ['{"form": "jobrig check run 1"}', 'is not whole: subject is no text'],
    ['{"form": "jobrig load run 1"}', 'is not whole: shape is no text'],
    ['{"verb": "demo", "deviceReports": [{}]}', /^is not whole: /],
  ])('%j', (text, says) => {
    expect(shownRun(text)).toEqual(typeof says === 'string' ? says : expect.stringMatching(says));
  });

  it('names the member that is wrong, however deep it is', () => {
    const [first] = check.results;
    const broken = { ...first!, runs: [{ ...first!.runs[0]!, observations: [{ kind: 'sent' }] }] };
    const text = JSON.stringify({ form: checkForm, ...check, results: [first, broken] });
    expect(shownRun(text)).toBe('is not whole: results[1].runs[0].observations[0].at is no number');
  });

  it('is cut off wherever it is cut', () => {
    for (let at = 1; at < load.length; at += 97) {
      expect(readKeptRun(load.slice(0, at))).toMatch(/^is cut off/);
    }
  });

  it('never throws, whatever stands in place of a member', () => {
    const value = JSON.parse(load) as Record<string, unknown>;
    for (const member of Object.keys(value)) {
      for (const instead of [null, 7, 'x', [], {}, [null], true]) {
        expect(['string', 'object']).toContain(typeof shownRun(JSON.stringify({ ...value, [member]: instead })));
      }
    }
  });
});

describe('where a text stops being JSON', () => {
  it('agrees with the engine about every text', () => {
    const whole = '{"a":[1,-2.5e3,"x\\n\\u00e9",{"b":null}],"c":{"d":[true,false,[]]}}';
    for (let at = 0; at <= whole.length; at += 1) {
      for (const put of ['', ',', ':', '"', '}', ']', '0', ' ', 'x', '\\', '\n']) {
        const text = whole.slice(0, at) + put + whole.slice(at);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect([text, jsonFault(text) === undefined]).toEqual([text, isJson]);
      }
    }
  });
});
