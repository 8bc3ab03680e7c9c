/**
 * What a failure rests on: the moments that its findings name, in order of time, as data, as a list on a page and as lines of a
 * text.
 */
import type { Observation } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Finding } from '../verdict/contract.ts';
import { lineOf, plainText } from './lines.ts';
import { type Markup, html } from './markup.ts';

/** What was found of a device in a run. */
export interface Found {
  readonly findings: readonly Finding[];
  readonly startedAt: EpochMs;
}

export interface EvidenceLine {
  readonly at: EpochMs;
  readonly direction: 'sent' | 'received' | 'inside';
  readonly topic?: string;
  readonly note: string;
}

export function failuresIn({ findings }: Pick<Found, 'findings'>): readonly Finding[] {
  return findings.filter(({ outcome }) => outcome === 'fail');
}

/** The moment that decided. */
export function decisiveOf(finding: Finding | undefined): Observation | undefined {
  return finding?.decisive ?? finding?.evidence.at(-1);
}

/** Each moment once. */
export function evidenceLines(found: Pick<Found, 'findings'>): readonly EvidenceLine[] {
  const seen = failuresIn(found).flatMap(({ evidence, decisive }) => [...evidence, ...(decisive ? [decisive] : [])]);
  return [...new Set(seen)].sort((a, b) => a.at - b.at).flatMap((one) => evidenceLine(one) ?? []);
}

function evidenceLine(seen: Observation): EvidenceLine | undefined {
  const line = lineOf(seen);
  if (line === undefined) return undefined;
  const isMessage = line.topic !== undefined;
  const direction = isMessage ? (line.actor === 'device' ? 'sent' : 'received') : 'inside';
  return { at: seen.at, direction, ...(line.topic !== undefined && { topic: line.topic }), note: plainText(line.text) };
}

export function evidenceText(found: Found): readonly string[] {
  return evidenceLines(found).map(
    ({ at, topic, note }) =>
      `  ${((at - found.startedAt) / 1000).toFixed(3)} s ${note}${topic === undefined ? '' : `  ${topic}`}`,
  );
}

export function evidenceList(found: Found): Markup | undefined {
  return momentList(evidenceLines(found), found.startedAt);
}

const momentsShown = 8;

/** Moments with the time since another one. @param sign before each time */
export function momentList(
  moments: readonly { readonly at: EpochMs; readonly note: string }[],
  since: EpochMs,
  sign = '',
): Markup | undefined {
  if (moments.length === 0) return undefined;
  return html`<ol class="evidence">
    ${moments.slice(0, momentsShown).map(({ at, note }) => html`<li><span class="t">${sign}${((at - since) / 1000).toFixed(2)}</span> ${note}</li>`)}
    ${moments.length > momentsShown ? html`<li class="small">and ${moments.length - momentsShown} more</li>` : undefined}
  </ol>`;
}
