/**
 * A check in GitHub Actions: an annotation for each cause, as workflow commands on standard output, and the job summary in
 * Markdown. Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
import { type CheckResult, exemplaryRun, verdictOfCheck, verdictOfRuns } from '../live/check/check-result.ts';
import { catalogName } from '../verdict/catalog.ts';
import { claimName } from './claim-words.ts';
import { causesOf, decisiveText, survivalOf } from './check-summary.ts';

export function githubAnnotations(result: CheckResult): readonly string[] {
  const { diagnosis } = result;
  if (diagnosis !== undefined) return [command('error', 'jobrig: the handshake failed', diagnosis.cause)];
  return causesOf(result).map(({ claim, sentence, results, resembles }) => {
    const where = results.map(({ scenario }) => scenario.id).join(', ');
    const known = resembles.length === 0 ? '' : `\nKnown as ${resembles.map(catalogName).join(', ')}`;
    return command('error', `jobrig: ${sentence} (${claim})`, `In ${where}${known}`);
  });
}

export function githubSummary(result: CheckResult): string {
  const { tried, survived, skipped, inconclusive } = survivalOf(result.results);
  const head = { pass: '✅ Passed', fail: '❌ Failed', inconclusive: '⚠️ Inconclusive' }[verdictOfCheck(result)];
  const lines = [
    `## ${head}: survived ${survived} of ${tried}`,
    '',
    `\`${result.subject}\`, ${skipped} skipped, ${inconclusive} inconclusive`,
    '',
  ];
  if (result.diagnosis !== undefined) lines.push(`The handshake failed: ${cell(result.diagnosis.cause)}`, '');
  const causes = causesOf(result);
  if (causes.length > 0) {
    lines.push('| What is wrong | Claim | Scenarios | Decisive moment | Known as |', '| --- | --- | --- | --- | --- |');
    for (const { claim, sentence, results, resembles } of causes) {
      const moment = decisiveText(exemplaryRun(results[0]!)) ?? '';
      const ids = results.map(({ scenario }) => scenario.id).join(', ');
      const cells = [sentence, claimName(claim), ids, moment, resembles.map(catalogName).join(', ')];
      lines.push(`| ${cells.map(cell).join(' | ')} |`);
    }
    lines.push('');
  }
  const rows = result.results.map(
    (each) => `| ${each.scenario.id} | ${verdictOfRuns(each.runs)} | ${cell(exemplaryRun(each).reason)} |`,
  );
  return [
    ...lines,
    '<details><summary>All scenarios</summary>',
    '',
    '| Scenario | Verdict | |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '</details>',
    '',
  ].join('\n');
}

function command(name: 'error' | 'warning', title: string, message: string): string {
  return `::${name} title=${property(title)}::${data(message)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
