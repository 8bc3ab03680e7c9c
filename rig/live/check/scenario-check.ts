/**
 * A check as a library calls it: what is not said has its usual value, scenarios may be named, and a simulated agent is a subject like
 * any other. `jobrig check` says everything itself and goes past this file.
 */
import { referenceAgent } from '../../../agent/core/behaviour.ts';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { zoo } from '../../../agent/zoo/zoo.ts';
import { OperationalError } from '../../../protocol/operational-error.ts';
import type { Scenario } from '../../scenario/contract.ts';
import { selectScenarios } from '../scenario-files.ts';
import { type CheckResult, type ScenarioResult, exemplaryRun } from './check-result.ts';
import { type CheckOptions, runCheck as runDeviceCheck } from './run-check.ts';
import { skippedRun } from './scenario-run.ts';
import { runSimulatedCheck } from './simulated-check.ts';

/** What is checked: a program, a device that connects by itself, or a simulated agent (the reference one, or one of docs/zoo.md). */
export type CheckSubject =
  | { readonly kind: 'program'; readonly command: readonly string[]; readonly restart?: 'on-exit' | 'never' }
  | { readonly kind: 'attached'; readonly thingName: string }
  | { readonly kind: 'simulated'; readonly agent?: string; readonly hardware?: string; readonly seed?: number };

export interface LibraryCheckOptions extends Partial<Omit<CheckOptions, 'subject' | 'scenarios'>> {
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
  const { subject, scenarios: wanted = [] } = options;
  const names = wanted.filter((one) => typeof one === 'string');
  const given = wanted.filter((one) => typeof one !== 'string');
  const scenarios = wanted.length > 0 && names.length === 0 ? given : [...given, ...selectScenarios(names)];
  if (subject.kind === 'simulated') return checkSimulated(options, subject, scenarios);
  const name = subject.kind === 'program' ? subject.command.join(' ') : `the attached device ${subject.thingName}`;
  return runDeviceCheck({
    name,
    commands: {},
    templates: [],
    ...options,
    ...(subject.kind === 'attached' && { thingName: subject.thingName }),
    subject: subject.kind === 'program' ? { restart: 'on-exit', ...subject } : { kind: 'attached' },
    scenarios,
  });
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

function checkSimulated(
  options: LibraryCheckOptions,
  { agent = 'reference', hardware = 'esp32-s3', seed }: CheckSubject & { readonly kind: 'simulated' },
  scenarios: readonly Scenario[],
): Promise<CheckResult> {
  const {
    name = `the simulated ${agent} agent on ${hardware}`,
    repeat,
    bail,
    settleMs,
    sweep,
    onEvent,
    signal,
  } = options;
  const behaviour = agent === 'reference' ? referenceAgent : zoo.find(({ id }) => id === agent)?.behaviour;
  if (behaviour === undefined) {
    throw new OperationalError('AGENT_UNKNOWN', `there is no agent ${agent}`, { hint: 'docs/zoo.md lists them all.' });
  }
  return runSimulatedCheck({
    name,
    subject: {
      kind: 'simulated',
      agent: behaviour,
      hardware: readHardwareProfiles(hardware),
      ...(seed !== undefined && { seed }),
    },
    scenarios,
    ...(repeat !== undefined && { repeat }),
    ...(bail !== undefined && { bail }),
    ...(settleMs !== undefined && { settleMs }),
    ...(sweep !== undefined && { sweep }),
    ...(onEvent && { onEvent }),
    ...(signal && { signal }),
  });
}
