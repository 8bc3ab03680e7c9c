/** What was pulled from whom, and where the device was: told from what the service did and from the inside of the device. */
import type { ExecutionIdentity, Step } from '../../../observation/execution.ts';
import { identityKey } from '../../../observation/execution.ts';
import type { Observer } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { PullMechanism } from '../../report/run-report.ts';

/** A running execution taken away from its device by force. */
export interface Pull {
  readonly mechanism: PullMechanism;
  readonly execution: ExecutionIdentity;
  /** Where the device was. */
  readonly step: Step;
  readonly at: EpochMs;
  /** When the device, which stood still for it, went on. */
  wentOnAt: EpochMs;
  recoveredAt?: EpochMs;
}

export interface PullWatch {
  readonly observer: Observer;
  /** The first pull of this thing that found it at work. */
  of(thingName: string): Pull | undefined;
  /** A device that stood still goes on. */
  wentOn(thingName: string, at: EpochMs): void;
}

export interface PullWatchOptions {
  readonly onPull: () => void;
  readonly onRecovery: () => void;
}

export function watchPulls({ onPull, onRecovery }: PullWatchOptions): PullWatch {
  const pulls = new Map<string, Pull>();
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
          pulls.set(thingName, { mechanism, execution, step, at, wentOnAt: at });
          onPull();
        }
      },
      traced({ thingName = '', at, trace }) {
        if (trace.kind === 'step') {
          steps.set(thingName, { key: `${thingName} ${identityKey(trace.execution)}`, step: trace.step });
        }
        if (trace.kind !== 'recovered') return;
        const pull = pulls.get(thingName);
        if (pull === undefined || pull.recoveredAt !== undefined || trace.execution.jobId !== pull.execution.jobId)
          return;
        pull.recoveredAt = at;
        onRecovery();
      },
    },
    of: (thingName) => pulls.get(thingName),
    wentOn(thingName, at) {
      const pull = pulls.get(thingName);
      if (pull !== undefined && pull.recoveredAt === undefined) pull.wentOnAt = at;
    },
  };
}

/** In the run's time, from the moment at which the device could go on. */
export function recoveryMsOf({ wentOnAt, recoveredAt }: Pull): DurationMs | undefined {
  return recoveredAt === undefined ? undefined : Math.max(0, recoveredAt - wentOnAt);
}
