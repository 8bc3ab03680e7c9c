/**
 * jobrig as a library, for people who test their own agents or operators from Vitest, Mocha or the like:
 *
 * ```ts
 * import { startFleet, startService } from 'jobrig';
 *
 * await using service = await startService();
 * await using fleet = await startFleet({ endpoint: service.mqttUrl ?? '', things: 3 });
 * ```
 *
 * An agent of one's own is checked by `runCheck` and `runScenario`, or held by hand in a test: `startDevice` starts it, `until` waits
 * for what it says, `pull` takes its job away, and `verdict` judges what it did (docs/check-your-firmware.md).
 *
 * Every handle closes with `close()` or at the end of an `await using` block. What the world refuses (a taken port, an
 * endpoint that cannot be reached) is thrown as an {@link OperationalError} with a stable `code`.
 */
export { startFleet } from './agent/fleet.ts';
export type { Fleet, FleetCounters, FleetOptions } from './agent/fleet.ts';
export type { LiveDevice } from './agent/live-device.ts';
export { startService } from './broker/start-service.ts';
export type { PortOption, Service, ServiceOptions } from './broker/start-service.ts';
export { parseFaultPlan } from './faults/plan-form.ts';
export type { ParsedPlan } from './faults/plan-form.ts';
export type { FaultPlan } from './faults/plan.ts';
export type { FormProblem } from './protocol/form.ts';
export { OperationalError } from './protocol/operational-error.ts';
export { runCheck, runScenario } from './rig/live/check/scenario-check.ts';
export type { CheckSubject, LibraryCheckOptions as CheckOptions } from './rig/live/check/scenario-check.ts';
export type { CheckEvent } from './rig/live/check/check-record.ts';
export type { CheckResult, ScenarioResult, ScenarioRun } from './rig/live/check/check-result.ts';
export { startDevice } from './rig/live/check/device-under-test.ts';
export type {
  DeviceOptions,
  DeviceUnderTest,
  DeviceVerdict,
  NewJobOptions,
  PullBy,
} from './rig/live/check/device-under-test.ts';
export type { Awaited, AwaitedForms, AwaitedSights, AwaitedWord, SeenOf } from './rig/live/check/awaited.ts';
export type { Observation } from './observation/observation.ts';
export { readScenario } from './rig/scenario/format/read.ts';
export type { Deed, Scenario } from './rig/scenario/contract.ts';
