/**
 * The one way into a check, for `jobrig check` and for who uses jobrig as a library: scenarios may be named, and a simulated agent is a
 * subject like any other. Each kind of check is loaded when it is wanted: the AWS SDK and the broker take a second.
 */
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { readAgent } from '../agents.ts';
import { selectScenarios } from '../scenario-files.ts';
import type { Subject } from './bench-place.ts';
import { type CheckResult, type ScenarioResult, exemplaryRun } from './check-result.ts';
import type { CheckOptions } from './run-check.ts';
import { skippedRun } from './scenario-run.ts';

/** What is checked: a program, a device that connects by itself, or a simulated agent (the reference one, or one of docs/zoo.md). */
export type CheckSubject =
  | Subject
  | {
      readonly kind: 'simulated';
      readonly agent?: string;
      /** A profile by name, `mix` for all of them, or profiles; each scenario is played on every one. Default `esp32-s3`. */
      readonly hardware?: string | readonly HardwareProfile[];
      readonly seed?: number | undefined;
    };

export interface LibraryCheckOptions extends Omit<CheckOptions, 'subject' | 'scenarios'> {
  readonly subject: CheckSubject;
  /** Scenarios, or ids, files, directories and patterns of them; absent: all that come with jobrig. */
  readonly scenarios?: readonly (Scenario | string)[];
}

/**
 * Checks a device against scenarios.
 * @returns what was found; that a device fails is a result, not an error
 * @throws {OperationalError} when the check cannot begin: a port, a file, a program that is not there
 */
export async function runCheck(options: LibraryCheckOptions): Promise<CheckResult> {
  const { subject, scenarios: wanted } = options;
  const named = wanted?.filter((one) => typeof one === 'string') ?? [];
  const given = wanted?.filter((one) => typeof one !== 'string') ?? [];
  const scenarios = wanted === undefined || named.length > 0 ? [...given, ...selectScenarios(named)] : given;
  if (subject.kind !== 'simulated') {
    const { runDeviceCheck } = await import('./run-check.ts');
    return runDeviceCheck({ ...options, subject, scenarios });
  }
  const { agent = 'reference', hardware = 'esp32-s3', seed } = subject;
  const profiles = typeof hardware === 'string' ? readHardwareProfiles(hardware) : hardware;
  const name = `the simulated ${agent} agent on ${profiles.map((profile) => profile.name).join(', ')}`;
  const { runSimulatedCheck } = await import('./simulated-check.ts');
  return runSimulatedCheck({ name, ...options, agent: readAgent(agent), hardware: profiles, seed, scenarios });
}

/**
 * Plays one scenario on a device, behind the handshake.
 * @param scenario or its id, or its file
 * @returns its one run; `inconclusive`, with the reason, where the device does not come through the handshake
 */
export async function runScenario(
  scenario: Scenario | string,
  options: Omit<LibraryCheckOptions, 'scenarios' | 'sweep' | 'repeat'>,
): Promise<ScenarioResult['runs'][number]> {
  const { results, diagnosis } = await runCheck({ ...options, scenarios: [scenario] });
  const [result] = results;
  if (result !== undefined) return exemplaryRun(result);
  const [named] = typeof scenario === 'string' ? selectScenarios([scenario]) : [scenario];
  const reason = diagnosis === undefined ? 'it was not played' : `the handshake failed: ${diagnosis.cause}`;
  return { ...skippedRun(named!, reason, Date.now()), verdict: 'inconclusive' };
}
