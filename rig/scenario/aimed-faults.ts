/**
 * Faults that a swarm aims: at a message, at a step of the work or at an instant, each a deed of its own. Beside them a seed draws
 * a plan of faults that come by chance (swarm.ts). Draws only.
 */
import { steps } from '../../observation/execution.ts';
import type { Chance } from '../../faults/chance.ts';
import { directions } from '../../faults/plan.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { Deed, Entry, JobLabel, ThingLabel, Trigger } from './contract.ts';

export interface AimOptions {
  /** Whether hardware is followed so closely that a step can be waited for. */
  readonly isFollowed: boolean;
}

const delaysMs: readonly DurationMs[] = [0, 0, 1, 10, 300, 5_000];

/** A moment of the device's own doing. */
export function drawAim(thing: ThingLabel, { isFollowed }: AimOptions, chance: Chance): Trigger {
  const nth = chance.between(1, 3);
  const afterMs = chance.pick(delaysMs);
  const beside = { thing, ...(nth > 1 && { nth }), ...(afterMs > 0 && { afterMs }) };
  if (isFollowed) return { on: 'step', step: chance.pick([...steps, 'undo'] as const), ...beside };
  switch (chance.between(0, 2)) {
    case 0:
      return { on: 'sent', operation: 'UpdateJobExecution', ...beside };
    case 1:
      return {
        on: 'received',
        what: chance.pick(['notify', 'notify-next', 'accepted', 'rejected'] as const),
        ...beside,
      };
    default:
      return { on: chance.pick(['connected', 'disconnected'] as const), ...beside };
  }
}

export interface FaultsAimedOptions extends AimOptions {
  readonly things: readonly ThingLabel[];
  readonly jobs: readonly JobLabel[];
  readonly safetyMs: DurationMs;
}

const maxFaultsAimed = 4;

export function drawFaultsAimed(options: FaultsAimedOptions, chance: Chance): readonly Entry[] {
  const { things, safetyMs } = options;
  if (chance.happens(250_000)) return [];
  return Array.from({ length: chance.between(1, maxFaultsAimed) }, (): Entry => {
    const thing = chance.pick(things);
    const when: Trigger = chance.happens(800_000)
      ? drawAim(thing, options, chance)
      : { on: 'at', atMs: chance.between(0, safetyMs) };
    return { when, deeds: drawDeeds(thing, options.jobs, chance) };
  });
}

type Draw = (thing: ThingLabel, jobs: readonly JobLabel[], chance: Chance) => readonly Deed[];

/** Breaks the connection, so that what was armed meets the next one. */
function breaking(thing: ThingLabel): Deed {
  return { do: 'link', how: 'drop', forMs: 0, thing };
}

const draws: readonly Draw[] = [
  (thing, _, chance) => [{ do: 'power', offForMs: chance.pick([0, 1_000, 20_000]), thing }],
  (thing, _, chance) => [{ do: 'power', offForMs: chance.pick([0, 1_000]), thing }],
  (thing, _, chance) => [{ do: 'link', how: 'drop', forMs: chance.pick([0, 3_000, 70_000]), thing }],
  (thing, _, chance) => [{ do: 'link', how: 'partition', forMs: chance.pick([1_000, 30_000, 250_000]), thing }],
  (thing, _, chance) => [
    { do: 'connect', how: chance.pick(['never-answer', 'refuse'] as const), times: chance.between(1, 3), thing },
    breaking(thing),
  ],
  (thing, _, chance) => [
    { do: 'subscribe', how: chance.pick(['never-answer', 'refuse'] as const), times: chance.between(1, 2), thing },
    breaking(thing),
  ],
  (thing) => [{ do: 'session', how: 'lose', thing }],
  (thing, _, chance) => [
    {
      do: 'service',
      how: 'refuse',
      code: chance.pick(['InvalidRequest', 'InvalidTopic', 'ServiceBusy', 'QuotaExceeded']),
      operations: ['UpdateJobExecution'],
      times: chance.between(1, 2),
      thing,
    },
  ],
  (thing, _, chance) => [
    {
      do: 'service',
      how: chance.pick(['throttle', 'error', 'late', 'twice', 'never', 'empty-next'] as const),
      times: chance.between(1, 3),
      thing,
    },
  ],
  (thing, _, chance) => [
    {
      do: 'message',
      how: chance.pick(['lose', 'delay'] as const),
      direction: chance.pick(directions),
      times: chance.between(1, 2),
      thing,
    },
  ],
  // A notification that is old when it comes: a doubt that turns out false.
  (thing, _, chance) => [
    {
      do: 'message',
      how: 'duplicate',
      direction: 'notification',
      byMs: chance.pick([100, 2_000, 20_000, 90_000]),
      times: chance.between(1, 3),
      thing,
    },
  ],
  (thing, jobs, chance) => [
    {
      do: 'second-client',
      act: chance.pick([
        { act: 'take-over', forMs: 3_000 },
        { act: 'start-next' },
        { act: 'update', job: chance.pick(jobs), status: 'IN_PROGRESS' },
      ] as const),
      thing,
    },
  ],
  (thing, _, chance) => [
    {
      do: 'memory',
      how: chance.pick(['lose', 'tear'] as const),
      what: chance.pick(['checkpoint', 'loader-record'] as const),
      thing,
    },
    ...(chance.happens(500_000) ? [{ do: 'power', offForMs: 0, thing } as const] : []),
  ],
  (_, jobs, chance) => [
    { do: 'image', job: chance.pick(jobs), condition: chance.pick(['good', 'missing', 'stall', 'expire'] as const) },
  ],
  (_, __, chance) => [{ do: 'restart-service', forMs: chance.pick([0, 2_000]) }],
];

function drawDeeds(thing: ThingLabel, jobs: readonly JobLabel[], chance: Chance): readonly Deed[] {
  return chance.pick(draws)(thing, jobs, chance);
}
