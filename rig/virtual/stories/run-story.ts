/**
 * Plays a story and says which claims the device broke in it. Beside the checkers of every run, two things are judged that
 * only hold because a story is known: work on a pulled execution ends soon (V2), and at the end nothing is pending (V1; V4
 * where it is an execution of a job that the device had before and now ignores).
 */
import type { DeviceView } from '../../../observation/inside.ts';
import { type ExecutionIdentity, identityKey } from '../../../observation/execution.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { Command } from '../../../broker/engine/contract.ts';
import { isQuiet } from '../checkers/quiet-device.ts';
import type { Observer } from '../observer.ts';
import { runSimulation } from '../run.ts';
import type { Subjects } from '../subjects.ts';
import type { Claim } from '../violation.ts';
import type { World } from '../world.ts';
import { configurationOf, settledMs, type Story } from './story.ts';

export interface Breach {
  readonly broke: Claim;
  readonly message: string;
}

/** @returns what was broken first; empty when the device is well */
export function runStory(story: Story, subjects: Subjects): readonly Breach[] {
  const judge = createJudge(story);
  const { violations } = runSimulation(configurationOf(story), subjects, {
    observer: judge.observer,
    afterEvent({ events, world }) {
      if (events === 1) world.queue.schedule(world.startedAt + settledMs - 1, () => judge.settled(world));
    },
  });
  return judge.breaches.length > 0 ? judge.breaches : violations;
}

interface Judge {
  readonly observer: Observer;
  readonly breaches: readonly Breach[];
  settled(world: World): void;
}

function createJudge({ thingName, noticeMs }: Story): Judge {
  const breaches: Breach[] = [];
  const dealtWith = new Set<string>();
  let view: DeviceView | undefined;
  /** At work, or when the power went. */
  let latest: ExecutionIdentity | undefined;
  let pulled: { readonly key: string; readonly at: EpochMs } | undefined;

  function isZombie({ execution, openDownload }: DeviceView, at: EpochMs): boolean {
    if (pulled === undefined || noticeMs === undefined || execution === undefined || !openDownload) return false;
    return at - pulled.at > noticeMs && identityKey(execution) === pulled.key;
  }

  return {
    breaches,
    observer: {
      applied(command, { reply }, at) {
        if (reply.accepted && latest !== undefined && pulls(command, latest.jobId)) {
          pulled = { key: identityKey(latest), at };
        }
      },
      traced(_thingName, trace) {
        if (trace.kind === 'finished' || trace.kind === 'pulled') dealtWith.add(trace.execution.jobId);
      },
      moved(board, _input, at) {
        view = board.view();
        latest = view.execution ?? latest;
        if (breaches.length > 0 || !isZombie(view, at)) return;
        breaches.push({ broke: 'V2', message: `still downloads in step ${view.step} of an execution that is gone` });
      },
    },
    settled(world) {
      if (breaches.length > 0) return;
      const reply = world.ask({ name: 'iotjobsdata:GetPendingJobExecutions', request: { thingName } });
      if (!reply.accepted) return;
      const { inProgress, queued } = reply.response;
      const ignored = queued.find(({ jobId }) => dealtWith.has(jobId));
      const [pending] = [...inProgress, ...queued];
      if (ignored !== undefined) {
        breaches.push({ broke: 'V4', message: `ignores a new execution of ${ignored.jobId}` });
      } else if (pending !== undefined) {
        breaches.push({ broke: 'V1', message: `${pending.jobId} is still pending at the end` });
      } else if (view !== undefined && !isQuiet(view)) {
        breaches.push({ broke: 'V1', message: `is not idle at the end, but in step ${view.step}` });
      }
    },
  };
}

/** Whether the command takes the executions of a job away from their devices. */
function pulls({ name, request }: Command, jobId: string): boolean {
  switch (name) {
    case 'iot:DeleteJob':
    case 'iot:DeleteJobExecution':
    case 'iot:CancelJob':
    case 'iot:CancelJobExecution':
      return request.jobId === jobId && request.force === true;
    default:
      return false;
  }
}
