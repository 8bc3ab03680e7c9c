/** A check as a faulty agent leaves it: a few scenarios and its sweep, played in virtual time. */
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import { zoo } from '../../agent/zoo/zoo.ts';
import type { CheckResult } from '../../rig/live/check/check-result.ts';
import { runSimulatedCheck } from '../../rig/live/check/simulated-check.ts';
import { virtualScenarios } from './scenarios.ts';

/** As many as a report can be looked at with. */
const scenariosPlayed = 40;

export function sampleCheck(): Promise<CheckResult> {
  const agent = zoo.find(({ id }) => id === 'r01-retries-what-is-gone')!.behaviour;
  const hardware = readHardwareProfiles('esp32-s3');
  return runSimulatedCheck({
    name: './my-agent',
    subject: { kind: 'simulated', agent, hardware },
    scenarios: virtualScenarios.slice(0, scenariosPlayed),
    repeat: 1,
    onEvent: () => {},
    signal: new AbortController().signal,
  });
}
