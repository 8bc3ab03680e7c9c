/**
 * The sweep of a device from outside: the handshake has recorded the wire of one update; for each moment of it, and for further
 * ones spread over the time between, a scenario pulls the job just there, alone and together with a power cut. Moments are
 * things that the device does again in every update (its second progress report), so that they are found again at any pace.
 */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { Deed, Scenario, Trigger } from '../../scenario/contract.ts';
import { type Moment, momentsOf } from '../../scenario/moments.ts';
import { plainScenario } from '../../scenario/plain.ts';

export interface PullPlan {
  readonly atMs: DurationMs;
  readonly label: string;
  readonly cross: string;
  readonly scenario: Scenario;
}

/** What is recorded of one update, moment by moment: each message in each direction, counted from when the job was created. */
export function messageMoments(seen: readonly Observation[], jobId: string, endedAt: EpochMs): readonly Moment[] {
  const created = seen.find((one) => one.kind === 'execution' && one.execution.jobId === jobId);
  if (created === undefined) return [];
  const messages = seen.filter(
    ({ kind, at }) => (kind === 'sent' || kind === 'received') && at >= created.at && at <= endedAt,
  );
  return momentsOf(messages, created.at, (nth) => ['second', 'third'][nth - 2] ?? `${nth}th`);
}

/**
 * @param points so many further moments between, spread over the time from the start of the job to its end
 * @param hasPower whether the device's power can be cut
 */
export function pullScenarios(moments: readonly Moment[], points: number, hasPower: boolean): readonly PullPlan[] {
  const last = moments.at(-1)?.atMs ?? 0;
  const started =
    moments.find(({ when }) => when.on === 'sent' && when.operation !== 'DescribeJobExecution')?.atMs ?? 0;
  const between = Array.from({ length: points }, (_, index): Moment => {
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
