/**
 * The sweep of a device from outside: the handshake has recorded the wire of one update; for each moment of it, and for further
 * ones spread over the time between, a scenario pulls the job just there, alone and together with a power cut. Moments are
 * things that the device does again in every update (its second progress report), so that they are found again at any pace.
 */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { Deed, Scenario, Trigger } from '../../scenario/contract.ts';
import { plainScenario } from '../../scenario/plain.ts';

export interface PullMoment {
  /** Since the job was created. */
  readonly atMs: DurationMs;
  /** In words. */
  readonly label: string;
  readonly when: Trigger;
}

export interface PullPlan {
  readonly atMs: DurationMs;
  readonly label: string;
  readonly cross: string;
  readonly scenario: Scenario;
}

/** What is recorded of one update, moment by moment: each message in each direction. */
export function momentsOf(seen: readonly Observation[], jobId: string, endedAt: EpochMs): readonly PullMoment[] {
  const created = seen.find((one) => one.kind === 'execution' && one.execution.jobId === jobId);
  if (created === undefined) return [];
  const counts = new Map<string, number>();
  return seen.flatMap((one): PullMoment[] => {
    if (one.at < created.at || one.at > endedAt) return [];
    const found = messageMoment(one);
    if (found === undefined) return [];
    const nth = (counts.get(found.label) ?? 0) + 1;
    counts.set(found.label, nth);
    const label = nth === 1 ? found.label : `${found.label}, ${ordinal(nth)}`;
    return [{ atMs: one.at - created.at, label, when: { ...found.when, ...(nth > 1 && { nth }) } }];
  });
}

function messageMoment(one: Observation): { readonly label: string; readonly when: Trigger } | undefined {
  if (one.kind === 'sent') {
    const { operation, body } = one.request;
    const { status } = body;
    const label = status === undefined ? `${operation} sent` : `${operation} ${status} sent`;
    return { label, when: { on: 'sent', operation, ...(status !== undefined && { status }) } };
  }
  if (one.kind !== 'received') return undefined;
  const { message } = one;
  if (message.kind === 'notification') {
    const what = message.name === 'JobExecutionsChanged' ? 'notify' : 'notify-next';
    return { label: `${what} received`, when: { on: 'received', what } };
  }
  const { operation, outcome } = message;
  return { label: `${operation} ${outcome}`, when: { on: 'received', what: outcome, operation } };
}

/**
 * @param points so many further moments between, spread over the time from the start of the job to its end
 * @param hasPower whether the device's power can be cut
 */
export function pullScenarios(moments: readonly PullMoment[], points: number, hasPower: boolean): readonly PullPlan[] {
  const last = moments.at(-1)?.atMs ?? 0;
  const started =
    moments.find(({ when }) => when.on === 'sent' && when.operation !== 'DescribeJobExecution')?.atMs ?? 0;
  const between = Array.from({ length: points }, (_, index): PullMoment => {
    const afterMs = Math.round(((index + 1) * (last - started)) / (points + 1));
    const when: Trigger = { on: 'execution', status: 'IN_PROGRESS', ...(afterMs > 0 && { afterMs }) };
    return { atMs: started + afterMs, label: `${(afterMs / 1000).toFixed(2)} s after its start`, when };
  });
  const crosses: readonly (readonly [string, readonly Deed[]])[] = [
    ['alone', []],
    ...(hasPower ? [['with a power cut', [{ do: 'power', offForMs: 300 }]] as const] : []),
  ];
  return [...moments, ...between]
    .sort((a, b) => a.atMs - b.atMs)
    .flatMap(({ atMs, label, when }, index) =>
      crosses.map(([cross, deeds]) => ({ atMs, label, cross, scenario: pullAt(index, label, when, cross, deeds) })),
    );
}

const deletion: Deed = { do: 'delete-execution', job: 'update', force: true };

function pullAt(index: number, label: string, when: Trigger, cross: string, also: readonly Deed[]): Scenario {
  return plainScenario({
    id: `sweep-${index + 1}-${cross.replaceAll(' ', '-')}`,
    claim: `The execution is deleted at this moment (${label}), ${cross}: the device recovers and does its next job.`,
    about: 'V5',
    theme: 'sweep',
    script: [
      { deeds: [{ do: 'create-job', job: 'update' }] },
      { when, deeds: [deletion, ...also] },
      { when: { on: 'settled' }, deeds: [{ do: 'create-job', job: 'canary' }] },
    ],
    expect: [{ job: 'canary', status: ['SUCCEEDED'] }],
  });
}

function ordinal(count: number): string {
  return count === 2 ? 'second time' : count === 3 ? 'third time' : `${count}th time`;
}
