/** A door as the engine's end of its link has it, and what the engine waits for from it. */
import type { Effect } from '../engine/contract.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { PassedMessage } from '../mqtt/passing.ts';
import type { Line } from './frames.ts';
import { Interests } from './interests.ts';
import type { FromEngine } from './messages.ts';

/** What keeps the engine's outcomes, in their order, as the link needs it. */
export interface OutcomeJournal {
  /** The outcome that is handed in next waits until the returned function is called; its rows are kept with it. */
  hold(): (rows: readonly SessionChange[]) => void;
  keep(changes: readonly SessionChange[], settled: (kept: boolean) => void): void;
}

/** Lets the outcome go on, with what the door keeps together with it. */
interface Foreseen {
  readonly effect: Effect;
  readonly letGo: ReturnType<OutcomeJournal['hold']>;
  readonly rows: SessionChange[];
}

interface Passed {
  readonly message: PassedMessage;
  readonly isKept: () => void;
}

export class LinkedDoor {
  readonly number: number;
  readonly peer: string | undefined;
  readonly line: Line<FromEngine>;
  readonly interests = new Interests();
  hasKeepers = false;
  readonly groups = new Set<string>();
  /** Effects that this door is asked about, with what lets the journal go on. */
  readonly foreseen = new Map<number, Foreseen>();
  /** Messages that it was passed and has not kept yet. */
  readonly passed = new Map<number, Passed>();
  /** What its clients have published and others have not kept yet. */
  readonly passing = new Set<Promise<void>>();

  constructor(line: Line<FromEngine>, number: number, peer: string | undefined) {
    this.line = line;
    this.number = number;
    this.peer = peer;
    this.interests.set('everything', true);
  }
}
