/**
 * What happened where something broke, told to its end: the run to scale, what was said with the decisive moment explained, what
 * the device did wrong beside what a right one does there, and the inside of both.
 */
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs } from '../../protocol/time.ts';
import { type Beside, insideTable, rightStory } from './beside.ts';
import { claimName, rightDevice } from './claim-words.ts';
import { conversation } from './conversation.ts';
import { type Found, decisiveOf, evidenceList, failuresIn } from './evidence.ts';
import { type Markup, html } from './markup.ts';
import { commandLine, laneKey, sentence } from './page-frame.ts';
import { overview } from './run-charts.ts';

/** So many causes have a story on the page. */
export const storiesTold = 5;

export interface StoryOptions {
  /** What broke in it, e.g. `V2`, and how in words where no finding says it. */
  readonly claim: string;
  readonly reason: string;
  /** Of the scenario or the device. */
  readonly name: string;
  /** What was done to it. */
  readonly about: string;
  readonly run: Found & { readonly observations: readonly Observation[]; readonly durationMs: DurationMs };
  readonly beside: Beside;
  /** Plays it again. */
  readonly command?: string | undefined;
}

/** @param index of the cause that it is the story of */
export function causeStory({ claim, reason, name, about, run, beside, command }: StoryOptions, index: number): Markup {
  const { observations, startedAt } = run;
  const failures = failuresIn(run);
  const finding = failures.find((one) => one.claim === claim);
  const decisive = decisiveOf(finding);
  const right = rightDevice(claim);
  const why = `${sentence(finding?.reason ?? reason)} ${right[0] === undefined ? '' : `A right device: ${right[0]}.`}`;
  return html`<section id="cause-${index + 1}" class="story">
    <h2>What happened: ${name}</h2>
    <p class="sub">${about}</p>
    ${overview(run)} ${laneKey()} ${conversation(observations, { startedAt, why, ...(decisive && { decisive }) })}
    <div class="two">
      <div>
        <h3 class="red">✗ What this device did</h3>
        <ul>
          ${failures.map((one) => html`<li>✗ ${sentence(one.reason)} <span class="small">${claimName(one.claim)}</span></li>`)}
        </ul>
        ${evidenceList(run)}
      </div>
      <div>
        <h3 class="green">✓ What a right device does here</h3>
        <ul>
          ${right.map((line) => html`<li>✓ ${sentence(line)}</li>`)}
        </ul>
        ${rightStory(beside)}
      </div>
    </div>
    ${insideTable(beside, `cause ${index + 1}`)} ${command === undefined ? undefined : commandLine(command)}
  </section>`;
}
