/** The page's section on what went wrong beside the pulls: how often each fault of the plan was injected. */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { DemoReport } from './run-report.ts';

export function faultsSection({ faults }: DemoReport): Markup | undefined {
  const counts = Object.entries(faults);
  if (counts.length === 0) return undefined;
  return html`<section>
    <h2>What went wrong beside the pulls</h2>
    <p class="aside">
      Faults of the fault plan, over all devices. Where one was injected into a device during its first job, its story
      below shows the instant.
    </p>
    <div class="scroll">
      <table class="narrow">
        <thead>
          <tr>
            <th>Fault</th>
            <th class="n">Times</th>
          </tr>
        </thead>
        <tbody>
          ${counts.map(
            ([name, times]) =>
              html`<tr>
                <td>${name}</td>
                <td class="n">${times}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
