/**
 * Rules N1–N3 of notifications.md, held against the ledger: what a thing was told last, and what there is now. While a job is
 * being deleted its executions are shown to nobody, but their `notify` comes with the slice of work that removes them, so
 * until then what was announced may still name them.
 */
import type { NotifyEffect, NotifyNextEffect } from '../../broker/engine/contract.ts';
import type { ExecutionRow } from '../../broker/engine/rows.ts';
import type { JobExecution } from '../../protocol/device-api.ts';
import { maxPendingShown } from '../../protocol/limits.ts';
import type { Report } from '../violation.ts';
import { visible, type Ledger, type LedgerQueue } from './execution-ledger.ts';

export interface NotificationChecker {
  /** Something in the queue changed in this command. */
  touch(queue: LedgerQueue): void;
  /** After the changes of a command: its notifications are all that were due, and no others. */
  check(effects: readonly (NotifyEffect | NotifyNextEffect)[]): void;
}

/** What a thing was told last of one queue. */
interface Announced {
  readonly queue: LedgerQueue;
  set: string;
  head: string;
  /** The list of this command's last `notify`; whether a `notify-next` came, which must not be before a `notify`. */
  list: readonly JobExecution[] | undefined;
  nextCame: boolean;
}

export function createNotificationChecker(ledger: Ledger, report: Report): NotificationChecker {
  const announced = new Map<LedgerQueue, Announced>();
  const touched = new Set<Announced>();

  function of(queue: LedgerQueue): Announced {
    let found = announced.get(queue);
    if (found === undefined) {
      found = { queue, set: '', head: '', list: undefined, nextCame: false };
      announced.set(queue, found);
    }
    touched.add(found);
    return found;
  }

  function hear(effect: NotifyEffect | NotifyNextEffect): void {
    const told = of(ledger.queueOf(effect.thingName, effect.namespaceId));
    if (effect.kind === 'notify') {
      if (told.nextCame) report('E5', 'notify came after notify-next', effect.thingName);
      told.list = [...effect.inProgress, ...effect.queued];
      return;
    }
    told.nextCame = true;
    const head = effect.head === undefined ? '' : identity(effect.head);
    if (head === told.head) report('E6', `notify-next tells ${head || 'none'} again`, effect.thingName);
    told.head = head;
  }

  function judge(told: Announced): void {
    const { thingName } = told.queue;
    const rows = visible(ledger, told.queue);
    const set = setOf([...told.queue.pending.values()]);
    if (told.list !== undefined) judgeList(told.list, rows, thingName);
    if (told.list !== undefined || isExcused(told.set)) {
      if (told.list !== undefined) told.set = set;
    } else if (told.set !== set) {
      report('E5', `no notify, although ${told.set || 'nothing'} became ${set || 'nothing'}`, thingName);
    }
    const head = rows[0] === undefined ? '' : identity(rows[0]);
    if (told.head !== head && !isExcused(told.head)) {
      report('E6', `the head is ${head || 'none'}, the device was told ${told.head || 'none'}`, thingName);
    }
    told.list = undefined;
    told.nextCame = false;
  }

  function judgeList(list: readonly JobExecution[], rows: readonly ExecutionRow[], thingName: string): void {
    const shown = list.map((execution) => `${identity(execution)} ${execution.status} v${execution.versionNumber}`);
    const wanted = rows.map((row) => `${identity(row)} ${row.status} v${row.versionNumber}`).slice(0, maxPendingShown);
    if (shown.join() !== wanted.join()) {
      report('E5', `notify lists ${shown.join() || 'nothing'} instead of ${wanted.join() || 'nothing'}`, thingName);
    }
  }

  /** Names an execution that is hidden, because its job is being deleted, and not yet removed. */
  function isExcused(identities: string): boolean {
    if (identities === '') return false;
    return identities.split(',').some((one) => {
      const [jobId = ''] = one.split('#', 1);
      return ledger.jobs.get(jobId)?.row.status === 'DELETION_IN_PROGRESS';
    });
  }

  return {
    touch: of,
    check(effects) {
      for (const effect of effects) hear(effect);
      for (const told of touched) judge(told);
      touched.clear();
    },
  };
}

function identity({ jobId, executionNumber, queuedAt }: JobExecution): string {
  return `${jobId}#${executionNumber}@${queuedAt}`;
}

function setOf(rows: readonly ExecutionRow[]): string {
  if (rows.length === 1) return identity(rows[0]!);
  return rows.map(identity).sort().join();
}
