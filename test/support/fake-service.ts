/**
 * A Jobs service without jobs: answers every command as it is told and says what it is told to say. For tests of the doors,
 * which must not depend on what the engine decides.
 */
import type { Command, Effect, NotifyEffect, NotifyNextEffect, Reply } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import type { JobExecution } from '../../protocol/device-api.ts';

export interface FakeService extends ServicePort {
  readonly commands: Command[];
  say(...effects: readonly Effect[]): void;
  /** Resolves when as many commands have come. */
  asked(count: number): Promise<void>;
  /** With `answersLater`: answers what has come so far. */
  answerAll(): void;
}

export interface Script {
  /** Default: an empty success. */
  readonly reply?: (command: Command) => Reply<object>;
  /** What follows the reply. */
  readonly effects?: (command: Command) => readonly Effect[];
  /** As a durable service does, which answers when it has written. */
  readonly answersLater?: boolean;
}

export const serviceTime = 1_719_943_627_000;

export function fakeService({
  reply = emptySuccess,
  effects = () => [],
  answersLater = false,
}: Script = {}): FakeService {
  const listeners = new Set<(effect: Effect) => void>();
  const commands: Command[] = [];
  const unanswered: (() => void)[] = [];
  let newcomer: (() => void) | undefined;
  const say = (...said: readonly Effect[]): void => {
    for (const effect of said) for (const listener of listeners) listener(effect);
  };
  const answerAll = (): void => {
    for (const answer of unanswered.splice(0)) answer();
  };
  return {
    commands,
    say,
    submit(command, answer) {
      const any = command as unknown as Command;
      commands.push(any);
      unanswered.push(() => {
        answer(reply(any) as Parameters<typeof answer>[0], serviceTime);
        say(...effects(any));
      });
      if (!answersLater) answerAll();
      newcomer?.();
    },
    answerAll,
    async asked(count) {
      while (commands.length < count) await new Promise<void>((resolve) => (newcomer = resolve));
    },
    onEffect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    now: () => serviceTime,
  };
}

function emptySuccess(command: Command): Reply<object> {
  const response = command.name === 'iotjobsdata:GetPendingJobExecutions' ? { inProgress: [], queued: [] } : {};
  return { accepted: true, response };
}

export function execution(thingName: string, jobId = 'job-1', executionNumber = 1): JobExecution {
  return {
    jobId,
    thingName,
    executionNumber,
    status: 'QUEUED',
    queuedAt: serviceTime,
    lastUpdatedAt: serviceTime,
    versionNumber: 1,
    retryAttempt: 0,
  };
}

export function notify(thingName: string, queued: readonly JobExecution[] = [], namespaceId?: string): NotifyEffect {
  const changedJobIds = queued.map(({ jobId }) => jobId);
  return { kind: 'notify', thingName, namespaceId, at: serviceTime, inProgress: [], queued, changedJobIds };
}

export function notifyNext(thingName: string, head?: JobExecution, namespaceId?: string): NotifyNextEffect {
  const jobDocument = head === undefined ? undefined : '{"operation":"reboot"}';
  return { kind: 'notify-next', thingName, namespaceId, at: serviceTime, head, jobDocument };
}
