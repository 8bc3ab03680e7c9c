/**
 * `--faults`, the same on every verb that runs live: a file, YAML or JSON, with a plan of what goes wrong. What may stand in
 * one is faults/plan.ts's business.
 */
import { Option } from 'commander';
import { type FaultPlan, parseFaultPlan } from '../faults/plan.ts';
import { readPositionedFile } from './positioned-file.ts';

export function faultsOption(): Option {
  return new Option('--faults <file>', 'plan of what goes wrong, YAML or JSON (default: nothing does)');
}

/** @throws {OperationalError} `FAULTS_INVALID` naming file, line, column and member */
export function readFaults(file: string): FaultPlan {
  return readPositionedFile(file, 'FAULTS_INVALID', parseFaultPlan);
}
