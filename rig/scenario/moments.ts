/**
 * The moments of one update, told from what was seen of it: each message in each direction, each step, what became of the
 * execution, and the time between. Each is a trigger, so that the same moment is found again when the update is played again:
 * the third notification, or so long after it.
 */
import type { Observation } from '../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Trigger } from './contract.ts';
import { ordinal } from './words.ts';

export interface Moment {
  readonly atMs: DurationMs;
  /** In words. */
  readonly label: string;
  readonly when: Trigger;
}

/** What was seen that is a moment by itself. @param since from when they are counted; default: the first of what was seen */
export function momentsOf(
  seen: readonly Observation[],
  since: EpochMs = seen[0]?.at ?? 0,
  ordinalOf = ordinal,
): readonly Moment[] {
  const counts = new Map<string, number>();
  return seen.flatMap((one): readonly Moment[] => {
    const found = momentOf(one);
    if (found === undefined) return [];
    const nth = (counts.get(found.label) ?? 0) + 1;
    counts.set(found.label, nth);
    const label = nth === 1 ? found.label : `${found.label}, ${ordinalOf(nth)} time`;
    return [{ atMs: one.at - since, label, when: { ...found.when, ...(nth > 1 && { nth }) } }];
  });
}

function momentOf(one: Observation): Pick<Moment, 'label' | 'when'> | undefined {
  switch (one.kind) {
    case 'sent': {
      const { operation, body } = one.request;
      const { status } = body;
      return {
        label: `${operation}${status === undefined ? '' : ` ${status}`} sent`,
        when: { on: 'sent', operation, ...(status !== undefined && { status }) },
      };
    }
    case 'received': {
      const { message } = one;
      if (message.kind === 'reply') {
        const { operation, outcome } = message;
        return { label: `${operation} ${outcome}`, when: { on: 'received', what: outcome, operation } };
      }
      const what = message.name === 'JobExecutionsChanged' ? 'notify' : 'notify-next';
      return { label: `${what} received`, when: { on: 'received', what } };
    }
    case 'execution':
      return { label: `execution ${one.status}`, when: { on: 'execution', status: one.status } };
    case 'traced':
      if (one.trace.kind !== 'step') return undefined;
      return { label: `step ${one.trace.step}`, when: { on: 'step', step: one.trace.step } };
    case 'connected':
    case 'disconnected':
      return { label: one.kind, when: { on: one.kind } };
    case 'download': {
      const [block] = one.blocks ?? [];
      if (block === undefined || one.state !== 'asked') return undefined;
      return { label: `block ${block} asked for`, when: { on: 'block', block } };
    }
    default:
      return undefined;
  }
}

/** A moment at each of these instants and half-way between any two, each told from the moment before it. */
export function momentsAt(moments: readonly Moment[], instants: readonly EpochMs[]): readonly Moment[] {
  const all = [...moments];
  const sorted = [...new Set(instants)].sort((a, b) => a - b);
  for (const [index, atMs] of sorted.entries()) {
    const nextMs = sorted[index + 1];
    if (!moments.some((moment) => moment.atMs === atMs)) all.push(...later(moments, atMs));
    if (nextMs !== undefined && nextMs - atMs >= 2) all.push(...later(moments, atMs + Math.floor((nextMs - atMs) / 2)));
  }
  return all.sort((a, b) => a.atMs - b.atMs);
}

function later(moments: readonly Moment[], atMs: DurationMs): readonly Moment[] {
  const before = moments.findLast((moment) => moment.atMs < atMs);
  if (before === undefined) return [];
  const afterMs = atMs - before.atMs;
  return [{ atMs, label: `${afterMs} ms after ${before.label}`, when: { ...before.when, afterMs } }];
}
