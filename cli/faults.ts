/**
 * `--faults`, the same on every verb that runs live: a file, YAML or JSON, with a plan of what goes wrong. What may stand in
 * one is faults/plan-form.ts's business.
 */
import { Option } from 'commander';
import type { FaultPlan } from '../faults/plan.ts';

export function faultsOption(): Option {
  return new Option('--faults <file>', 'plan of what goes wrong, YAML or JSON (default: nothing does)');
}

/** @throws {OperationalError} `FAULTS_INVALID` naming file, line, column and member */
export async function readFaults(file: string): Promise<FaultPlan> {
  // Loaded when wanted: most runs have no plan, and need no reader of one.
  const [{ parseFaultPlan }, { readWrittenFile }] = await Promise.all([
    import('../faults/plan-form.ts'),
    import('../rig/files/written-file.ts'),
  ]);
  return readWrittenFile(file, 'FAULTS_INVALID', parseFaultPlan);
}
