import { createHash } from 'node:crypto';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../rig/report/junit.ts';
import { escapeMarkup, html } from '../../../rig/report/markup.ts';
import { demoContent } from '../../../rig/report/demo-page.ts';
import { pageBody } from '../../../rig/report/page-frame.ts';
import { demoPage } from '../../../rig/report/pages.ts';
import type { DemoReport } from '../../../rig/report/run-report.ts';
import { sampleReport } from '../../support/sample-report.ts';

const nastyNames = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'--></style></svg>",
  ']]>&lt;&#0;',
  '\u0000\u0007\u001b[31m\ud800',
  '日本語 العربية 😀',
];

const hostile = sampleReport(60, {
  thingName: (index) => `${nastyNames[index % nastyNames.length]}${index}`,
  jobId: '</title><script>1</script>',
  note: '"\'><svg onload=x>&\u0001\uffff',
});

interface JUnit {
  readonly testsuites: { readonly testsuite: readonly Suite[] };
}
interface Suite {
  readonly '@_name': string;
  readonly '@_tests': string;
  readonly '@_failures': string;
  readonly testcase?: readonly { readonly failure?: unknown; readonly '@_name': string }[];
}

function parsed(xml: string): readonly Suite[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    isArray: (name) => ['testsuite', 'testcase'].includes(name),
  });
  return (parser.parse(xml) as JUnit).testsuites.testsuite;
}

/** What XML 1.0 cannot carry, even escaped. */
const notXml = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Without its script, which holds the same words. */
function bodyOf(report: DemoReport): string {
  return pageBody(demoContent(report)).text;
}

describe('JUnit report', () => {
  it.each([
    ['plain', sampleReport(100)],
    ['hostile', hostile],
    ['smallest', sampleReport(1)],
  ])('is well-formed and its counts agree with its cases (%s names)', (_, report) => {
    const xml = junitReport(report);
    expect(XMLValidator.validate(xml)).toBe(true);
    expect(notXml.exec(xml)).toBeNull();
    for (const suite of parsed(xml)) {
      const cases = suite.testcase ?? [];
      expect(Number(suite['@_tests'])).toBe(cases.length);
      expect(Number(suite['@_failures'])).toBe(cases.filter(({ failure }) => failure !== undefined).length);
    }
  });

  it('has a case for every device, every document and every cause in virtual time, and fails the broken ones', () => {
    const report = sampleReport(100);
    const suites = parsed(junitReport(report));
    const cases = suites.flatMap(({ testcase = [] }) => testcase);
    const virtual = report.causes.filter(({ act }) => act === 'virtual').length;
    expect(cases).toHaveLength(report.things + report.documents.length + virtual);
    const broken = report.devices.invalid + 1 + virtual;
    expect(cases.filter(({ failure }) => failure !== undefined)).toHaveLength(broken);
  });
});

describe('report page', () => {
  it('runs and loads nothing that its policy does not name by its hash', () => {
    const page = demoPage(sampleReport(1));
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1] ?? '';
    for (const element of ['script', 'style']) {
      const [, text = ''] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page) ?? [];
      const hash = createHash('sha256').update(text).digest('base64');
      expect(text.length).toBeGreaterThan(1000);
      expect(policy).toContain(`${element}-src 'sha256-${hash}'`);
    }
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toContain('unsafe');
  });

  it('lets no name, job or note become markup', () => {
    const page = bodyOf(hostile);
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toMatch(/<img/i);
    expect(page).not.toMatch(/<svg onload/i);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('loads nothing from anywhere', () => {
    const page = bodyOf(sampleReport(30));
    expect(page).not.toMatch(/\b(?:src|href)="(?!#)/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  it('says first what is wrong, how often, which known bug it is like, and the command that plays it again', () => {
    const report = sampleReport(30);
    const page = bodyOf(report);
    const first = page.slice(page.indexOf('<main>'), page.indexOf('id="causes"'));
    expect(first).toContain('✗ Failed');
    expect(first).toMatch(/<h1>The device updates what is gone/);
    expect(first).toContain('V2, no zombie work, found on 4 of 30 devices.');
    expect(first).toContain('Like R21');
    expect(first).toMatch(/<code[^>]*>[^<]*jobrig /);
  });

  it('says what a pass covered', () => {
    const page = bodyOf(sampleReport(5));
    expect(page).toContain('✓ Passed');
    expect(page).toContain('Every device recovers, wherever its job is deleted under it.');
    expect(page.replaceAll(/\s+/g, ' ')).toContain('99 scenarios and 500 seeds in virtual time');
  });

  it('tells one story of each cause to its end, with the decisive moment, times in its evidence and what a right device does', () => {
    const report = sampleReport(30);
    const page = bodyOf(report);
    const story = page.slice(page.indexOf('class="story"'), page.indexOf('id="recovery"'));
    expect(story).toContain('What happened: thing-7');
    expect(story).toContain('Operator deletes the execution of <b>firmware-1-plain</b>, by force');
    // The last of what was seen.
    expect(story).toContain('refused: RequestThrottled');
    expect(story).toMatch(/class="evidence"[^]*?<span class="t">1\.00<\/span>/);
    expect(story).toContain('What a right device does here');
    expect(story).toContain('It asks for its next job.');
  });

  it('draws a point for each recovery by step, and marks what never recovered', () => {
    const report = sampleReport(70);
    const page = bodyOf(report);
    const strip = page.slice(
      page.indexOf('class="chart strip"'),
      page.indexOf('</svg>', page.indexOf('class="chart strip"')),
    );
    const recovered = report.pulls.reduce((sum, pull) => sum + pull.recovered, 0);
    expect(strip.match(/<circle/g)).toHaveLength(recovered);
    const unrecovered = report.pulls.filter((pull) => pull.recovered < pull.pulled);
    expect(unrecovered.length).toBeGreaterThan(0);
    expect(strip.match(/never ×/g)).toHaveLength(unrecovered.length);
    for (const { step } of report.pulls) expect(strip).toContain(`>${step}</text`);
  });

  it('names every device, the broken ones first, and with 1,000 of them stays under 3 MB', () => {
    const page = demoPage(sampleReport(1000));
    expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
    expect(page.match(/id="device-thing-\d+"/g)).toHaveLength(1000);
    expect(page.indexOf('id="device-thing-7"')).toBeLessThan(page.indexOf('id="device-thing-1"'));
  });

  it('says nothing of what an interrupted run has not come to', () => {
    const report = { ...sampleReport(1), verdict: 'inconclusive', causes: [], partial: true } as const;
    const nothingDone = { ...report, pulls: [], canary: { succeeded: 0, failed: 0 } };
    const lead = /<p class="lead">([^]*?)<\/p>/;
    expect(lead.exec(bodyOf(report))?.[1]).toContain(' did a further job.');
    expect(lead.exec(bodyOf(nothingDone))?.[1]?.trim()).toBe('It was interrupted: this is what was found until then.');
  });

  it('says which figures of the hardware are assumed, and why', () => {
    const report = sampleReport(2);
    const page = bodyOf(report);
    for (const { name, assumed, figures } of report.hardware) {
      expect(page).toContain(`<b>${name}</b>`);
      expect(page).toContain(`${assumed.length} of ${figures} figures assumed`);
      for (const { path, source } of assumed) {
        expect(page).toContain(path);
        expect(page).toContain(source);
      }
    }
  });

  it('says how often which fault was injected, and nothing where none was', () => {
    const report = sampleReport(2);
    const page = bodyOf(report);
    for (const [name, times] of Object.entries(report.faults)) {
      expect(page).toMatch(new RegExp(`<dt>${name}</dt>\\s*<dd>${times}</dd>`));
    }
    expect(bodyOf({ ...report, faults: {} })).not.toContain('Faults injected');
  });
});

describe('markup', () => {
  it('escapes what is put in, nests markup, leaves out what is not there', () => {
    const inner = html`<b>${'<'}</b>`;
    expect(html`<p title="${'"&'}">${[inner, undefined, 3]}</p>`.text).toBe('<p title="&quot;&amp;"><b>&lt;</b>3</p>');
  });

  it('replaces what neither HTML nor XML can carry', () => {
    expect(escapeMarkup('a\u0000\ud800\uffffb\t\n')).toBe('a\ufffd\ufffd\ufffdb\t\n');
  });
});
