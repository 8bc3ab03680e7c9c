/** What was pulled from whom, and where the device was: told from what the service did and from the inside of the device. */
import type { Step } from '../../../observation/execution.ts';
import { identityKey } from '../../../observation/execution.ts';
import type { Observer } from '../../../observation/observation.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { PullReport } from '../../report/run-report.ts';

export interface PullWatch {
  readonly observer: Observer;
  /** The first pull of this thing that found it at work. */
  of(thingName: string): PullReport | undefined;
  /** A device that stood still goes on. */
  wentOn(thingName: string, at: EpochMs): void;
}

export interface PullWatchOptions {
  readonly onPull: () => void;
  readonly onRecovery: () => void;
}

export function watchPulls({ onPull, onRecovery }: PullWatchOptions): PullWatch {
  const pulls = new Map<string, PullReport>();
  /** When each thing, which had stood still, went on last. */
  const goesOnAt = new Map<string, EpochMs>();
  /** Jobs that are being deleted as a whole. */
  const deleted = new Set<string>();
  const running = new Set<string>();
  /** The last step of each thing, and of which execution. */
  const steps = new Map<string, { readonly key: string; readonly step: Step }>();

  return {
    observer: {
      job({ jobId, status }) {
        if (status === 'DELETION_IN_PROGRESS' || status === 'DELETED') deleted.add(jobId);
        else deleted.delete(jobId);
      },
      execution({ thingName = '', execution, status, force, at }) {
        const key = `${thingName} ${identityKey(execution)}`;
        if (status === 'IN_PROGRESS') running.add(key);
        else if (!running.delete(key) || status !== 'DELETED' || force !== true || pulls.has(thingName)) return;
        else {
          const last = steps.get(thingName);
          if (last?.key !== key) return;
          const { step } = last;
          const mechanism = deleted.has(execution.jobId) ? 'DeleteJob' : 'DeleteJobExecution';
          const { jobId, executionNumber, namespaceId } = execution;
          const which = { jobId, executionNumber, ...(namespaceId !== undefined && { namespaceId }) };
          pulls.set(thingName, { step, mechanism, ...which, at });
          onPull();
        }
      },
      traced({ thingName = '', at, trace }) {
        if (trace.kind === 'step') {
          steps.set(thingName, { key: `${thingName} ${identityKey(trace.execution)}`, step: trace.step });
        }
        if (trace.kind !== 'recovered') return;
        const pull = pulls.get(thingName);
        if (pull === undefined || pull.recoveryMs !== undefined || trace.execution.jobId !== pull.jobId) return;
        // From the moment at which the device could go on.
        const since = Math.max(pull.at, goesOnAt.get(thingName) ?? 0);
        pulls.set(thingName, { ...pull, recoveryMs: Math.max(0, at - since) });
        onRecovery();
      },
    },
    of: (thingName) => pulls.get(thingName),
    wentOn: (thingName, at) => void goesOnAt.set(thingName, at),
  };
}
