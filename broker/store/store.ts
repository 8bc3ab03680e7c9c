/**
 * What outlives the process, as rows: the engine's and those of MQTT sessions, kept side by side so that one commit keeps
 * both. A store does not know what a row means, keeps no history and answers no questions; whoever made the rows is built
 * again from them. Source: the engine's contract (Change) and the design's performance notes (group commit).
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { ChangeTable } from '../engine/contract.ts';

/** `mqttSession`: subscriptions of persistent sessions, by client id. `mqttMessage`: what waits for them. `mqttRetained`: by topic. */
export type SessionTable = 'mqttSession' | 'mqttMessage' | 'mqttRetained';
export type TableName = ChangeTable | SessionTable;

export function isSessionTable(table: TableName): table is SessionTable {
  return table === 'mqttSession' || table === 'mqttMessage' || table === 'mqttRetained';
}

/** Told of a row that is damaged, which is then passed over; its key may be damaged too. */
export type DamageListener = (table: TableName, key: string) => void;

/** One row to keep or to drop. A row is a plain JSON value. */
export interface RowChange {
  readonly table: TableName;
  readonly key: string;
  /** Absent: the row is gone. */
  readonly row?: object;
}

export interface Store {
  /** How errors call it. */
  readonly name: string;
  /**
   * Everything kept, or what is wanted of it, in no particular order and one row in memory at a time; to be read before the
   * first commit. @throws OperationalError where a row is damaged, unless somebody is told of it.
   */
  rows(isWanted?: (table: TableName) => boolean, damaged?: DamageListener): Iterable<Required<RowChange>>;
  /** Service time of the last commit, behind which the next service's time must not start. */
  readonly lastCommitAt: EpochMs | undefined;
  /**
   * Keeps all of it or, when it throws, nothing; of several changes of one row the last one counts. One call at a time. A promise
   * that is rejected: it could not be forced to disk, and whether it is kept is not known.
   */
  commit(changes: readonly RowChange[], at: EpochMs): void | Promise<void>;
  /** Gives it back for others to open. */
  close(): void;
}
