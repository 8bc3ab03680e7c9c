/**
 * `--faults`, the same on every verb that runs live: a file, YAML or JSON, with a plan of what goes wrong. What may stand in
 * one is faults/plan-form.ts's business.
 */
import { Option } from 'commander';
import { type Fault, type FaultPlan, isOfService } from '../faults/plan.ts';
import { usageError } from './exit.ts';

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

/** Of a whole plan that is somebody else's nothing would come, and who gives one expects something. */
export function mustHaveFaults(file: string, { faults }: FaultPlan, of: 'service' | 'devices', instead: string): void {
  const isOurs = (fault: Fault): boolean => isOfService(fault) === (of === 'service');
  if (faults.length === 0 || faults.some(isOurs)) return;
  throw usageError(
    `--faults ${file}: it has faults of ${of === 'service' ? 'devices' : 'the service'} only, ${instead}`,
  );
}
