/**
 * What outlives the process, as rows: the engine's and those of MQTT sessions, kept side by side so that one commit keeps
 * both. A store does not know what a row means, keeps no history and answers no questions; whoever made the rows is built
 * again from them. Source: the engine's contract (Change) and the design's performance notes (group commit).
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { ChangeTable } from '../engine/contract.ts';

/**
 * `mqttSession`: subscriptions of persistent sessions, by client id. `mqttMessage`: what waits for them. `mqttRetained`: by topic.
 * `mqttDoors`: which doors have them.
 */
export type SessionTable = 'mqttSession' | 'mqttMessage' | 'mqttRetained' | 'mqttDoors';
export type TableName = ChangeTable | SessionTable;

export const tableNames = Object.keys({
  thing: true,
  thingGroup: true,
  job: true,
  jobExecution: true,
  work: true,
  jobTemplate: true,
  tag: true,
  setting: true,
  shadow: true,
  certificate: true,
  policy: true,
  thingType: true,
  provisioningTemplate: true,
  stream: true,
  otaUpdate: true,
  mqttSession: true,
  mqttMessage: true,
  mqttRetained: true,
  mqttDoors: true,
} satisfies Record<TableName, true>) as readonly TableName[];

export function isSessionTable(table: TableName): table is SessionTable {
  return table.startsWith('mqtt');
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
   * Everything kept, or what is wanted of it, in no particular order. @throws OperationalError where a row is damaged, unless
   * somebody is told of it.
   */
  rows(
    isWanted?: (table: TableName) => boolean,
    damaged?: DamageListener,
  ): Iterable<Required<RowChange>> | Promise<Iterable<Required<RowChange>>>;
  /** What was wanted has been read, and a service is built from it. Absent: nobody waits for that. */
  restored?(): void;
  /** Service time of the last commit, behind which the next service's time must not start. */
  readonly lastCommitAt: EpochMs | undefined;
  /**
   * Keeps all of it or, when it throws, nothing; of several changes of one row the last one counts. One call at a time. A promise
   * that is rejected: it could not be forced to disk, and whether it is kept is not known.
   */
  commit(changes: readonly RowChange[], at: EpochMs): void | Promise<void>;
  /**
   * Resolves when what is kept is still this service's to tell of: another one may have taken over. Absent: none can. Not while
   * something is being kept.
   */
  confirm?(): Promise<void>;
  /** Gives it back for others to open. */
  close(): void | Promise<void>;
}

/** The rows of each table by their keys; a row that is gone is `undefined`. */
export function lastOfEach(
  changes: readonly RowChange[],
): ReadonlyMap<TableName, ReadonlyMap<string, object | undefined>> {
  const tablesChanged = new Map<TableName, Map<string, object | undefined>>();
  for (const { table, key, row } of changes) {
    let rows = tablesChanged.get(table);
    if (rows === undefined) {
      rows = new Map();
      tablesChanged.set(table, rows);
    }
    rows.set(key, row);
  }
  return tablesChanged;
}
