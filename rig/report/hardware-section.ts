/** The page's section on hardware: each profile of the run, and on opening it the figures that are assumed and why. */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { DemoReport, HardwareReport } from './run-report.ts';

export function hardwareSection({ hardware }: DemoReport): Markup {
  return html`<section>
    <h2>The hardware</h2>
    <p>Simulated from the figures of these profiles. A figure that nobody measured is marked as assumed.</p>
    ${hardware.map(profileDetails)}
  </section>`;
}

function profileDetails({ name, description, devices, figures, assumed }: HardwareReport): Markup {
  return html`<details class="device hardware">
    <summary>
      <b>${name}</b>
      <span class="what">${description}</span>
      <span class="ms">${devices} in the fleet</span>
      <span class="state">${assumed.length} of ${figures} figures assumed</span>
    </summary>
    <div>
      <table>
        <thead>
          <tr>
            <th>Assumed figure</th>
            <th class="n">Value</th>
            <th>Ground</th>
          </tr>
        </thead>
        <tbody>
          ${assumed.map(
            ({ path, value, source }) =>
              html`<tr>
                <td>${path}</td>
                <td class="n">${value}</td>
                <td>${source}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
