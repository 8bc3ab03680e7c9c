/**
 * A device's timeline: operator calls, messages and what the device tells of itself, merged in order of time and put on
 * lanes. Progress inside a step is left out; the first entry into each step is kept.
 */
import type { Step } from '../../../observation/execution.ts';
import type { DeviceEvent } from '../../../agent/device-events.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { OperatorCall, Pull } from './evidence.ts';
import type { Timeline, TimelineEntry } from '../../report/run-report.ts';
import { evidenceOf } from './wire-words.ts';

export interface TimelineSource {
  readonly thingName: string;
  readonly events: readonly DeviceEvent[];
  readonly calls: readonly OperatorCall[];
  readonly pull?: Pull;
  /** Instants are counted from here. */
  readonly origin: EpochMs;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

const entriesKept = 150;

/** An entry before its place in the run is known. */
type Drawn = Omit<TimelineEntry, 'at' | 'step'> & { readonly moment: EpochMs };

interface Placed {
  readonly entry: Drawn;
  readonly step: TimelineEntry['step'];
}

export function timelineOf(source: TimelineSource): Timeline {
  const { events, calls, pull, origin, from, to, thingName } = source;
  const stepsSeen = new Set<Step>();
  let step: Step | 'idle' = 'idle';
  const drawn: Placed[] = [];

  for (const event of events) {
    if (event.at < from || event.at > to) continue;
    step = stepAfter(event, step);
    if (isRepeatedStep(event, stepsSeen)) continue;
    const entry = eventEntry(thingName, event);
    if (entry !== undefined) drawn.push({ entry, step });
  }
  for (const entry of [...calls.filter(({ at }) => at >= from && at <= to).map(callEntry), ...pullMark(pull)]) {
    const before = drawn.findLastIndex((other) => other.entry.moment <= entry.moment);
    drawn.splice(before + 1, 0, { entry, step: drawn[before]?.step ?? 'idle' });
  }
  const entries = drawn.map((each) => numbered(each, origin));
  return { entries: entries.slice(0, entriesKept), omitted: Math.max(0, entries.length - entriesKept) };
}

function numbered({ entry: { moment, ...entry }, step }: Placed, origin: EpochMs): TimelineEntry {
  return { ...entry, at: moment - origin, step };
}

function stepAfter(event: DeviceEvent, step: Step | 'idle'): Step | 'idle' {
  if (event.kind !== 'trace') return step;
  switch (event.trace.kind) {
    case 'step':
      return event.trace.step;
    case 'recovered':
    case 'finished':
      return 'idle';
    default:
      return step;
  }
}

/** A firmware image passes download, verify and write once a segment: the first time says enough. */
function isRepeatedStep(event: DeviceEvent, seen: Set<Step>): boolean {
  if (event.kind !== 'trace' || event.trace.kind !== 'step') return false;
  if (seen.has(event.trace.step)) return true;
  seen.add(event.trace.step);
  return false;
}

function eventEntry(thingName: string, event: DeviceEvent): Drawn | undefined {
  const { note: label, topic } = evidenceOf(thingName, event);
  const moment = event.at;
  const onWire = topic === undefined ? { label, moment } : { label, topic, moment };
  switch (event.kind) {
    case 'sent':
      return { from: 'device', to: 'service', tone: 'plain', ...onWire };
    case 'received': {
      const rejected = event.message.kind === 'reply' && event.message.outcome === 'rejected';
      return { from: 'service', to: 'device', tone: rejected ? 'bad' : 'plain', ...onWire };
    }
    case 'trace':
      return { from: 'device', to: 'device', tone: traceTone(event.trace.kind), ...onWire };
    case 'fault': {
      const lane = event.fault.name.startsWith('service') ? 'service' : 'device';
      return { from: lane, to: lane, tone: 'fault', ...onWire };
    }
    case 'connected':
    case 'disconnected':
    case 'power':
      return { from: 'device', to: 'device', tone: 'plain', ...onWire };
  }
}

function traceTone(kind: string): TimelineEntry['tone'] {
  if (kind === 'recovered') return 'recovery';
  return kind === 'pulled' || kind === 'crash' ? 'bad' : 'plain';
}

/** A call about one execution needs no job id here: the diagram is about that execution. */
function callEntry({ at, operation, outcome, jobId, thingName }: OperatorCall): Drawn {
  const deletes = operation.startsWith('Delete');
  const subject = thingName === undefined ? ` ${jobId ?? ''}` : '';
  const answer = outcome === 'ok' ? '' : `: ${outcome}`;
  return {
    moment: at,
    from: 'operator',
    to: 'service',
    label: `${operation}${subject}${deletes ? ' by force' : ''}${answer}`,
    tone: deletes ? 'pull' : 'plain',
  };
}

function pullMark(pull: Pull | undefined): readonly Drawn[] {
  if (pull === undefined) return [];
  const { jobId, executionNumber } = pull.execution;
  const label = `${jobId}#${executionNumber} is gone`;
  return [{ moment: pull.at, from: 'service', to: 'service', label, tone: 'pull' }];
}
