/**
 * Rules N1–N3 of notifications.md, held against the ledger: what a thing was told last, and what there is now. While a job is
 * being deleted its executions are shown to nobody, but their `notify` comes with the slice of work that removes them, so
 * until then what was announced may still name them.
 */
import type { Effect, NotifyEffect, NotifyNextEffect } from '../../../broker/engine/contract.ts';
import type { Profile } from '../../../broker/engine/profile.ts';
import type { ExecutionRow } from '../../../broker/engine/rows.ts';
import type { JobExecution } from '../../../protocol/device-api.ts';
import type { Report } from './engine-claims.ts';
import { inOrder, shown, visible, type Ledger, type LedgerQueue } from './execution-ledger.ts';

export interface NotificationChecker {
  /** The device has been told of the queue as it is. */
  adopt(queue: LedgerQueue): void;
  /** Something in the queue changed in this command. */
  touch(queue: LedgerQueue): void;
  /**
   * After the changes of a command: the notifications among its effects are all that were due, and no others.
   * @param mayRepeat the command tried something again: the end of one try and the next one are told apart (A22)
   */
  check(effects: readonly Effect[], mayRepeat: boolean): void;
}

type Identity = Pick<JobExecution, 'jobId' | 'executionNumber' | 'queuedAt'>;

/** What a thing was told last of one queue. */
interface Announced {
  readonly queue: LedgerQueue;
  set: readonly Identity[];
  head: Identity | undefined;
  /** The list of this command's last `notify`; whether a `notify-next` came, which must not be before a `notify`. */
  list: readonly JobExecution[] | undefined;
  nextCame: boolean;
}

export function createNotificationChecker(
  ledger: Ledger,
  report: Report,
  { namespacedHead }: Pick<Profile, 'namespacedHead'>,
): NotificationChecker {
  const announced = new Map<LedgerQueue, Announced>();
  const touched = new Set<Announced>();

  function of(queue: LedgerQueue): Announced {
    let found = announced.get(queue);
    if (found === undefined) {
      found = { queue, set: [], head: undefined, list: undefined, nextCame: false };
      announced.set(queue, found);
    }
    touched.add(found);
    return found;
  }

  function hear(effect: NotifyEffect | NotifyNextEffect, mayRepeat: boolean): void {
    const told = of(ledger.queueOf(effect.thingName, effect.namespaceId));
    if (effect.kind === 'notify') {
      if (told.nextCame && !mayRepeat) report('E5', 'notify came after notify-next', effect.thingName);
      if (told.list !== undefined && !mayRepeat) report('E5', 'two notify of one change', effect.thingName);
      told.list = effect.inProgress.length === 0 ? effect.queued : [...effect.inProgress, ...effect.queued];
      return;
    }
    told.nextCame = true;
    if (isSame(effect.head, told.head))
      report('E6', `notify-next tells ${nameOf(effect.head)} again`, effect.thingName);
    told.head = effect.head;
  }

  function judge(told: Announced): void {
    const { thingName, pending } = told.queue;
    const rows = visible(ledger, told.queue);
    if (told.list !== undefined) {
      judgeList(told.list, shown(ledger, rows), thingName);
      if (isSameSet(told.set, pending)) report('E5', `notify, although ${namesOf(told.set)} stayed`, thingName);
      told.set = [...pending.values()];
    } else if (!isSameSet(told.set, pending) && !told.set.some(isExcused)) {
      report('E5', `no notify, although ${namesOf(told.set)} became ${namesOf([...pending.values()])}`, thingName);
    }
    const [head] = rows;
    // A42: behind a plain job the head of a namespace may come untold.
    const isOpen = namespacedHead !== 'told' && told.queue.namespaceId !== undefined;
    if (!isOpen && !isSame(told.head, head) && (told.head === undefined || !isExcused(told.head))) {
      report('E6', `the head is ${nameOf(head)}, the device was told ${nameOf(told.head)}`, thingName);
    }
    told.list = undefined;
    told.nextCame = false;
  }

  function judgeList(list: readonly JobExecution[], rows: readonly ExecutionRow[], thingName: string): void {
    if (list.length === rows.length && list.every((execution, index) => isSameState(execution, rows[index]!))) return;
    report('E5', `notify lists ${statesOf(list)} instead of ${statesOf(rows)}`, thingName);
  }

  /** Names an execution that is hidden, because its job is being deleted, and not yet removed. */
  function isExcused({ jobId }: Identity): boolean {
    return ledger.jobs.get(jobId)?.row.status === 'DELETION_IN_PROGRESS';
  }

  return {
    adopt(queue) {
      const told = of(queue);
      told.set = [...queue.pending.values()];
      // Also of a job that is being deleted: that it is gone comes with its slice.
      told.head = inOrder([...queue.pending.values()])[0];
      touched.delete(told);
    },
    touch: of,
    check(effects, mayRepeat) {
      for (const effect of effects)
        if (effect.kind === 'notify' || effect.kind === 'notify-next') hear(effect, mayRepeat);
      if (touched.size === 0) return;
      for (const told of touched) judge(told);
      touched.clear();
    },
  };
}

function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.jobId === other.jobId && one.executionNumber === other.executionNumber && one.queuedAt === other.queuedAt;
}

function isSameState(one: JobExecution, other: JobExecution): boolean {
  return isSame(one, other) && one.status === other.status && one.versionNumber === other.versionNumber;
}

function isSameSet(set: readonly Identity[], pending: ReadonlyMap<string, Identity>): boolean {
  if (set.length !== pending.size) return false;
  let index = 0;
  for (const one of pending.values()) {
    // Most often both are in the same order.
    if (!isSame(one, set[index]) && !isAmong(one, set)) return false;
    index += 1;
  }
  return true;
}

function isAmong(one: Identity, set: readonly Identity[]): boolean {
  return set.some((other) => isSame(one, other));
}

function nameOf(one: Identity | undefined): string {
  return one === undefined ? 'none' : `${one.jobId}#${one.executionNumber}@${one.queuedAt}`;
}

function namesOf(set: readonly Identity[]): string {
  return set.map(nameOf).join() || 'nothing';
}

function statesOf(executions: readonly JobExecution[]): string {
  return executions.map((one) => `${nameOf(one)} ${one.status} v${one.versionNumber}`).join() || 'nothing';
}
