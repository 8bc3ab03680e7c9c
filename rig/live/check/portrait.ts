/**
 * The portrait of a device: how it behaves where everything goes well, folded from what was seen of one plain job and one
 * lost connection. It is printed, decides which scenarios can be tried, and gives each its time by this device's own pace.
 */
import type { ClientPortrait, Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import { nextJobId, parseJobsTopic } from '../../../protocol/topics.ts';
import { present, thatHold } from '../../../protocol/json.ts';
import type { Limits } from '../../verdict/limits.ts';

export interface Portrait {
  readonly clientId?: string;
  readonly protocol?: ClientPortrait['protocol'];
  readonly session?: 'clean' | 'persistent';
  readonly keepAliveSeconds?: number;
  /** Of its requests. */
  readonly qos?: 0 | 1;
  /** What it subscribed to: which notifications it can hear. */
  readonly hears: readonly ('notify' | 'notify-next')[];
  /** How it asks for its next job. */
  readonly asksBy: readonly ('start-next' | '$next/get' | 'get')[];
  /** Sends `expectedVersion` with its updates. */
  readonly sendsExpectedVersion: boolean;
  /** Goes from QUEUED to a final status without IN_PROGRESS. */
  readonly skipsInProgress: boolean;
  /** Asks by DescribeJobExecution between its start and its end. */
  readonly asksWhileWorking: boolean;
  readonly updatesBy: readonly ('mqtt' | 'http')[];
  readonly downloadsBy: readonly ('http' | 'stream')[];
  readonly reportsVersionBy: readonly ('statusDetails' | 'shadow' | 'witness')[];
  /** Its own hook tells of effects. */
  readonly isWitnessed: boolean;
  /** Ended and was started again during the update. */
  readonly restartsToUpdate: boolean;
  /** Requests from the job's creation to its end. */
  readonly requestsPerUpdate?: number;
  /** From power to CONNACK, from the job's creation to its end, from a lost connection to the next. */
  readonly bootMs?: DurationMs;
  readonly updateMs?: DurationMs;
  readonly reconnectMs?: DurationMs;
  /** Of a device that hears nothing by itself: how long it let the job lie until it asked; a part of `updateMs`. */
  readonly noticeMs?: DurationMs;
}

/** @param jobId of the plain job. @param version that its document names */
export function portraitOf(seen: readonly Observation[], jobId: string, version: string): Portrait {
  const of = <K extends Observation['kind']>(kind: K): Extract<Observation, { kind: K }>[] =>
    seen.filter((one): one is Extract<Observation, { kind: K }> => one.kind === kind);
  const client = of('connected').find((one) => one.client !== undefined)?.client;
  const sent = of('sent');
  const about = sent.filter(({ request }) => request.jobId === jobId);
  const updates = sent.filter(({ request }) => request.operation === 'UpdateJobExecution');
  const executions = of('execution').filter(({ execution }) => execution.jobId === jobId);
  const created = executions[0];
  const ended = executions.find(({ status }) => status === 'SUCCEEDED');
  const details = Object.values(ended?.statusDetails ?? {});
  const qos = sent.find((one) => one.qos !== undefined)?.qos;
  const hears = heard(of('subscribed'));
  const asked = created && sent.find(({ at }) => at > created.at);
  return {
    ...(client && {
      clientId: client.clientId,
      protocol: client.protocol,
      session: client.cleanSession ? 'clean' : 'persistent',
      keepAliveSeconds: client.keepAliveSeconds,
    }),
    ...present({ qos }),
    hears,
    asksBy: [...new Set(sent.flatMap((one) => asking(one.request)))],
    sendsExpectedVersion: updates.some(({ request }) => request.body.expectedVersion !== undefined),
    skipsInProgress: ended !== undefined && !executions.some(({ status }) => status === 'IN_PROGRESS'),
    asksWhileWorking: about.some(({ request }) => request.operation === 'DescribeJobExecution'),
    updatesBy: [...new Set(updates.map(({ via }) => via))],
    downloadsBy: [...new Set(of('download').map(({ via }) => via))],
    reportsVersionBy: thatHold({
      statusDetails: details.some((value) => value.includes(version)),
      shadow: of('reported-version').length > 0,
      witness: of('witness').some((one) => one.version !== undefined),
    }),
    isWitnessed: of('witness').length > 0,
    restartsToUpdate: of('program').some((one) => one.event === 'exited' && !one.byRig),
    ...present({
      bootMs: span(of('power').find(({ on }) => on)?.at, of('connected')[0]?.at),
      requestsPerUpdate: created && ended && sent.filter(({ at }) => at >= created.at && at <= ended.at).length,
      updateMs: span(created?.at, ended?.at),
      reconnectMs: ended && reconnection(seen, ended.at),
      noticeMs: hears.length === 0 ? span(created?.at, asked?.at) : undefined,
    }),
  };
}

function span(from: EpochMs | undefined, to: EpochMs | undefined): DurationMs | undefined {
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}

/** The first connection that was lost after the job, and the next; one that did not come counts as long as was waited. */
function reconnection(seen: readonly Observation[], after: EpochMs): DurationMs | undefined {
  const lost = seen.findIndex(({ kind, at }) => kind === 'disconnected' && at >= after);
  const back = lost === -1 ? undefined : seen.slice(lost).find(({ kind }) => kind === 'connected');
  return span(seen[lost]?.at, back?.at ?? seen.at(-1)?.at);
}

function heard(subscribed: readonly Extract<Observation, { kind: 'subscribed' }>[]): Portrait['hears'] {
  const granted = subscribed.flatMap(({ filters }) => filters.filter(({ qos }) => qos !== undefined));
  const covers = (name: 'notify' | 'notify-next'): boolean =>
    granted.some(({ filter }) => {
      const end = filter.split('/jobs/')[1] ?? '';
      return end === name || end === '#' || end === '+' || end.endsWith(`/${name}`);
    });
  return (['notify', 'notify-next'] as const).filter(covers);
}

function asking({ operation, jobId }: Extract<Observation, { kind: 'sent' }>['request']): Portrait['asksBy'] {
  if (operation === 'StartNextPendingJobExecution') return ['start-next'];
  if (operation === 'GetPendingJobExecutions') return ['get'];
  return operation === 'DescribeJobExecution' && jobId === nextJobId ? ['$next/get'] : [];
}

/** How much longer than in the handshake a device may take when something goes wrong. */
const generosity = 4;
/** Shorter than this nothing is told apart from the host's own pauses. */
const shortestSettleMs: DurationMs = 8000;
const longestSettleMs: DurationMs = 10 * 60_000;

/** How many looks of a device that only looks now and then may fall into a bad moment. */
const looks = 2;

/** The time that this device gets to come to rest: several of its own updates, boots, reconnections and looks. */
export function settleMsOf({ updateMs = 0, bootMs = 0, reconnectMs = 0, noticeMs = 0 }: Portrait): DurationMs {
  const own = generosity * (updateMs - noticeMs + bootMs + reconnectMs) + looks * noticeMs;
  return Math.min(longestSettleMs, Math.max(shortestSettleMs, own));
}

/** Limits of the verdict that this device's pace raises. */
export function limitsOf(portrait: Portrait, settleMs: DurationMs, table: Limits): Partial<Limits> {
  const { updateMs = 0, noticeMs = 0, bootMs = 0 } = portrait;
  const own = generosity * (updateMs - noticeMs + bootMs);
  return {
    settleMs,
    answerMs: Math.min(table.answerMs, settleMs),
    noticeMs: Math.min(table.noticeMs, Math.max(2000, settleMs / 2)),
    jobMs: Math.max(settleMs, own) + settleMs / 2,
    requestsPerMinute: Math.max(table.requestsPerMinute, busyMinute(portrait)),
  };
}

/** What a device may ask in a minute that does one job after the other, at the pace of its handshake. */
function busyMinute({ requestsPerUpdate = 0, updateMs = 0 }: Portrait): number {
  return updateMs === 0 ? 0 : Math.ceil((2 * requestsPerUpdate * 60_000) / updateMs);
}

/** Topics of another thing that the device spoke on, if it did. */
export function otherThings(seen: readonly Observation[], thingName: string): readonly string[] {
  const named = seen.flatMap((one) => {
    if (one.kind === 'sent') return one.thingName ?? [];
    if (one.kind === 'published') return thingIn(one.topic) ?? [];
    if (one.kind === 'subscribed') return one.filters.flatMap(({ filter }) => thingIn(filter) ?? []);
    return [];
  });
  return [...new Set(named)].filter((name) => name !== thingName && name !== '+');
}

function thingIn(topic: string): string | undefined {
  const about = parseJobsTopic(topic);
  if (about !== undefined && 'thingName' in about) return about.thingName;
  return /^\$aws\/things\/([^/]+)\//.exec(topic)?.[1];
}
