/**
 * What was seen of one device as arrows and marks on lanes, in order, with the step that the device was at. Instants count from
 * the start that is given.
 */
import type { Step } from '../../observation/execution.ts';
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { type Line, lineOf, plainText } from './lines.ts';

export type Lane = 'operator' | 'service' | 'device';

/** An arrow between two lanes, or a mark on one (`from` equals `to`). */
export interface TimelineEntry {
  readonly at: DurationMs;
  readonly from: Lane;
  readonly to: Lane;
  readonly label: string;
  readonly topic?: string;
  readonly tone: 'plain' | 'bad' | 'pull' | 'recovery' | 'fault';
  /** The step the device was at. */
  readonly step: Step | 'idle';
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  /** Entries that were left out at the end. */
  readonly omitted: number;
}

const entriesKept = 150;

export function timelineOf(observations: readonly Observation[], startedAt: EpochMs): Timeline {
  const entries: TimelineEntry[] = [];
  let step: TimelineEntry['step'] = 'idle';
  for (const seen of observations) {
    step = stepAfter(seen, step);
    const line = lineOf(seen);
    if (line !== undefined) entries.push({ ...entryOf(seen, line), at: seen.at - startedAt, step });
  }
  return { entries: entries.slice(0, entriesKept), omitted: Math.max(0, entries.length - entriesKept) };
}

function stepAfter(seen: Observation, step: TimelineEntry['step']): TimelineEntry['step'] {
  if (seen.kind !== 'traced') return step;
  if (seen.trace.kind === 'step') return seen.trace.step;
  return seen.trace.kind === 'recovered' || seen.trace.kind === 'finished' ? 'idle' : step;
}

function entryOf(seen: Observation, line: Line): Omit<TimelineEntry, 'at' | 'step'> {
  const { actor, text, topic } = line;
  const said = { label: plainText(text), ...(topic !== undefined && { topic }), tone: toneOf(seen, line) };
  if (actor === 'operator') return { from: 'operator', to: 'service', ...said };
  if (actor === 'service') return { from: 'service', to: 'device', ...said };
  const isToService = seen.kind === 'sent' || seen.kind === 'subscribed' || seen.kind === 'connecting';
  return { from: 'device', to: actor === 'device' && isToService ? 'service' : 'device', ...said };
}

function toneOf(seen: Observation, { tone }: Line): TimelineEntry['tone'] {
  if (seen.kind === 'traced' && seen.trace.kind === 'recovered') return 'recovery';
  if (tone === 'refusal') return 'bad';
  return tone === 'pull' || tone === 'fault' ? tone : 'plain';
}
