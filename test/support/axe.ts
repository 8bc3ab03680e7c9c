/** What axe-core finds wrong on a page. Run beside the page's own policy, which lets no foreign script in. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

const run = `axe.run(document).then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) =>
  id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join('; '))))`;

export async function violationsIn(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe.source });
  const { result } = await session.send('Runtime.evaluate', { expression: run, awaitPromise: true });
  return JSON.parse(String(result.value)) as readonly string[];
}
