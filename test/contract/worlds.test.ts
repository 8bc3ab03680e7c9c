/**
 * The live world and the simulated one are two implementations of one thing: the same scenario, with the same seed, comes to the
 * same end in both. What is proved in virtual time about an agent is then true of devices on sockets. Instants differ, as they do
 * between two runs of the live world; outcomes do not.
 */
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../rig/scenario/contract.ts';
import { liveOutcome, simulatedOutcome } from '../support/scenario-outcome.ts';
import { scenarioOf, virtualScenarios } from '../support/scenarios.ts';

/** Scenarios whose moment is no narrower than what a busy machine may be late, and that need nothing of the service's doors. */
const chosen = [
  'plain-update',
  'reboot-job',
  'pulled-in-a-long-download',
  'replaced-in-the-transfer',
  'created-again',
  'joined-the-group-again',
  'report-lost-of-a-handler',
  'reply-lost',
  'created-after-a-lost-link',
  'link-lost-in-a-long-download',
  'power-cut-in-the-transfer',
  'missing-image',
  'failing-image',
  'unclean-document',
  'large-document',
];

function update(id: string, fault: string): Scenario {
  return scenarioOf(
    [
      `id: ${id}`,
      'claim: An update succeeds all the same.',
      'about: V5',
      'script:',
      '  - when: connected',
      `  - ${fault}`,
      '  - create-job: update',
      '  - when: settled',
      '    do: { create-job: canary }',
      'expect:',
      '  - { job: update, status: SUCCEEDED }',
      '  - { job: canary, status: SUCCEEDED }',
      '',
    ].join('\n'),
  );
}

const more: readonly Scenario[] = [
  update('notifications-twice', 'message: { how: duplicate, direction: notification, by: 3 s, for: 10 min }'),
  update('notifications-late', 'message: { how: delay, direction: notification, by: 4 s, for: 10 min }'),
  update('replies-twice', 'message: { how: duplicate, direction: reply, by: 2 s, for: 10 min }'),
  update('replies-late', 'message: { how: delay, direction: reply, by: 1500 ms, times: 4 }'),
  update('partition', 'link: { how: partition, for: 20 s }'),
  update('connect-refused', 'connect: { how: refuse, times: 2 }'),
];

const told = [...chosen.map((id) => virtualScenarios.find((scenario) => scenario.id === id)!), ...more];

describe.concurrent('the same scenario ends the same in virtual time and on a socket', () => {
  it.each(told.map((scenario) => [scenario.id, scenario] as const))('%s', async (_, scenario) => {
    expect(await liveOutcome(scenario)).toEqual(simulatedOutcome(scenario));
  });
});
