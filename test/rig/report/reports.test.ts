import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../rig/report/junit.ts';
import { escapeMarkup, html } from '../../../rig/report/markup.ts';
import { reportPage } from '../../../rig/report/page.ts';
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
  it('lets no name, job or note become markup', () => {
    const page = reportPage(hostile);
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toMatch(/<img/i);
    expect(page).not.toMatch(/<svg onload/i);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('loads nothing from anywhere', () => {
    const page = reportPage(sampleReport(30));
    expect(page).not.toMatch(/\b(?:src|href)="(?!#)/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  it('shows the verdict, every step that was pulled and a diagram for every pulled device', () => {
    const report = sampleReport(30);
    const page = reportPage(report);
    expect(page).toContain('class="badge fail"');
    for (const { step } of report.pulls) expect(page).toContain(`<td>${step}</td>`);
    const told = report.deviceReports.filter(({ pull, outcome }) => pull !== undefined || outcome === 'invalid');
    expect(page.match(/<details class="device"/g)).toHaveLength(told.length);
  });

  it('opens the first broken device and no other', () => {
    expect(reportPage(sampleReport(100)).match(/<details[^>]* open/g)).toHaveLength(1);
    expect(reportPage(sampleReport(5))).not.toMatch(/<details[^>]* open/);
  });

  it('says which figures of the hardware are assumed, and why', () => {
    const report = sampleReport(2);
    const page = reportPage(report);
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
    const page = reportPage(report);
    for (const [name, times] of Object.entries(report.faults)) {
      expect(page).toMatch(new RegExp(`<td>${name}</td>\\s*<td class="n">${times}</td>`));
    }
    expect(reportPage({ ...report, faults: {} })).not.toContain('went wrong');
  });

  it('draws at most 400 stories, and every device in the overview', () => {
    const page = reportPage(sampleReport(600));
    expect(page.match(/<details class="device"/g)).toHaveLength(400);
    expect(page).toContain('aria-label="thing-7 (');
    expect(page).toContain('title="thing-600 (');
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
