/** A check as a faulty agent leaves it: a few scenarios and its sweep, played in virtual time. */
import { readHardwareProfiles } from '../../agent/hardware-profiles.ts';
import { zoo } from '../agent/zoo/zoo-agents.ts';
import type { CheckResult } from '../../rig/live/check/check-result.ts';
import { runSimulatedCheck } from '../../rig/live/check/simulated-check.ts';
import { virtualScenarios } from './scenarios.ts';

/** As many as a report can be looked at with. */
const scenariosPlayed = 40;

/** What runs on the device of the sample. */
export const sampleAgent = zoo.find(({ id }) => id === 'r01-retries-what-is-gone')!.behaviour;

export function sampleCheck(): Promise<CheckResult> {
  const hardware = readHardwareProfiles('esp32-s3');
  return runSimulatedCheck({
    name: './my-agent',
    agent: sampleAgent,
    hardware,
    scenarios: virtualScenarios.slice(0, scenariosPlayed),
  });
}
