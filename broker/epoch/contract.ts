/**
 * What an engine that may lead is told and what it does, as data. Of several engines on one database one leads at a time: the row
 * `service` of the database names its epoch and its owner, and everything that is kept is kept only while that row still says so.
 * Times here only say when to try something; no answer depends on them. Source: docs/decisions/0011-epoch-and-takeover.md.
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';

/** The row that says who leads. */
export interface Leadership {
  /** Raised by every takeover. */
  readonly epoch: number;
  /** One attempt of one engine to lead; empty: nobody leads. */
  readonly owner: string;
  /** Raised by the owner while it has nothing to keep. */
  readonly beats: number;
  /** How many commits there were, over all epochs. */
  readonly commits: number;
  /** The owner is taken for dead when the row has not changed for so long. */
  readonly patienceMs: DurationMs;
  /** The database says that the owner's connection has ended, as it has when the owner was killed; it may have another one soon. */
  readonly isGone?: boolean;
}

export interface EpochPolicy {
  /** Between two looks at who leads. */
  readonly lookEveryMs: DurationMs;
  /** Between two signs of life of a leader. */
  readonly beatEveryMs: DurationMs;
  /** A leader asks others to wait so long for its next sign of life. */
  readonly patienceMs: DurationMs;
  /** The same while it reads what is kept, which no sign of life interrupts. */
  readonly patienceToRestoreMs: DurationMs;
  /** Silence that is shorter is nobody's death, whatever the owner has said: for whoever is in no hurry to take over. */
  readonly leastSilenceMs: DurationMs;
  /** Silence of an owner whose connection has ended. */
  readonly goneMs: DurationMs;
  /** After the database could not be asked. */
  readonly retryMs: DurationMs;
  /** So long a leader goes on without its database, for requests that were certainly not sent. */
  readonly maxAwayMs: DurationMs;
  /** What to do about another engine that leads and is alive. */
  readonly whenLed: 'wait' | 'refuse';
}

/** Every request to the database is answered once: by what it answers, or with `lost`. */
export type ToCandidate =
  /** The deadline is there. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'seen'; readonly row: Leadership }
  | { readonly kind: 'taken'; readonly isOurs: boolean }
  /** A copy is as far as these commits. Absent: this database cannot be followed. */
  | { readonly kind: 'followed'; readonly commits: number | undefined }
  /** What is kept has been read, and an engine is built from it. */
  | { readonly kind: 'restored' }
  /** Something to be kept, or, without changes, to be answered while nobody else leads. One at a time or several. */
  | { readonly kind: 'turn'; readonly turn: number; readonly hasChanges: boolean }
  /** A commit, a check or a beat was done, or, where the row names another epoch, not. */
  | { readonly kind: 'checked'; readonly isOurs: boolean }
  /** The database has answered with an error: certainly nothing was done. */
  | { readonly kind: 'refused' }
  /** No answer comes any more. @param isSent whether the database may have got the request */
  | { readonly kind: 'lost'; readonly isSent: boolean }
  /** The engine wants no more. */
  | { readonly kind: 'close' };

export type StopReason =
  /** Another engine leads now. */
  | 'deposed'
  /** A commit was sent and not answered. Nobody guesses; who leads next reads. */
  | 'unknown'
  /** The database answered with an error. */
  | 'refused'
  /** A leader could not reach its database for too long. */
  | 'away'
  /** Another engine leads, and this one does not wait. */
  | 'led'
  | 'closed';

/** To be done in their order. The first seven are requests to the database, of which one is under way at a time. */
export type CandidateAction =
  | { readonly do: 'look' }
  /** Read what another engine has kept meanwhile into a copy, so that little is left to read after a takeover. */
  | { readonly do: 'follow' }
  /** Raises the epoch, if the row is still `from`. */
  | { readonly do: 'take'; readonly from: Leadership; readonly owner: string; readonly patienceMs: DurationMs }
  /** Raises the beats, if the row still is of this epoch, owner and number of commits. */
  | { readonly do: 'beat'; readonly held: Held; readonly patienceMs: DurationMs }
  /** The same check, and the changes of the turn with it. */
  | { readonly do: 'commit'; readonly held: Held; readonly turn: number }
  /** The same check alone. */
  | { readonly do: 'check'; readonly held: Held; readonly turn: number }
  /** Gives up leadership, if the row still is of this epoch and owner: the next engine need not wait. */
  | { readonly do: 'release'; readonly held: Held }
  /** Read what is left of what is kept, and say `restored`; the epoch is raised already, so nobody changes it meanwhile. */
  | { readonly do: 'restore'; readonly epoch: number }
  /** Turns are taken from now on. */
  | { readonly do: 'lead'; readonly epoch: number }
  | { readonly do: 'settle'; readonly turn: number; readonly isKept: boolean }
  /** Nothing is said after this. */
  | { readonly do: 'stop'; readonly reason: StopReason };

/** What the row has to say for anything to be kept. */
export interface Held {
  readonly epoch: number;
  readonly owner: string;
  readonly commits: number;
}

export interface Candidate {
  apply(input: ToCandidate, now: EpochMs): readonly CandidateAction[];
  /** Absent: it waits for an answer, or is over. */
  nextDeadline(): EpochMs | undefined;
}
