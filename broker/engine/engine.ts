/**
 * The Jobs service as a machine without clock, sockets or storage: one command in, its outcome out, and the instant at which
 * it wants to be woken. All rules are elsewhere; this file runs one turn from beginning to end.
 * Source: the contract (contract.ts).
 */
import type {
  Change,
  CommandOf,
  Effect,
  Engine,
  OperationName,
  Outcome,
  ResolveDocument,
  ServiceIdentity,
} from './contract.ts';
import { handlers, type Handlers } from './dispatch.ts';
import { assertTurn } from './invariants.ts';
import { announce } from './notifications.ts';
import { profiles, type Profile } from './profile.ts';
import { restoreState, rowsOf } from './restore.ts';
import { Turn } from './turn.ts';

export interface EngineOptions {
  readonly identity: ServiceIdentity;
  /** Rows of an earlier engine, in any order: the new one goes on exactly where that one was. */
  readonly rows?: Iterable<Required<Change>>;
  /** How open points of AWS are read; default `observed`. */
  readonly profile?: Profile;
  /** Refuses also what AWS refuses and a bench wants: schedules without half an hour of lead time. Default false. */
  readonly strict?: boolean;
  /** Makes the text that a device is handed from the document of its job. */
  readonly resolveDocument?: ResolveDocument;
  /** Why a placeholder of a job document, given without its braces, cannot be resolved; default: all can. */
  readonly whyUnresolvable?: (placeholder: string) => string | undefined;
}

// Not frozen: a loop over arrays of which some are frozen makes an iterator each time.
const noChanges: readonly Change[] = [];
const noEffects: readonly Effect[] = [];

export function createEngine(options: EngineOptions): Engine {
  const {
    identity,
    rows = [],
    profile = profiles.observed,
    strict = false,
    resolveDocument,
    whyUnresolvable,
  } = options;
  const state = restoreState({ identity, profile, strict, resolveDocument, whyUnresolvable }, rows);
  const turn = new Turn(state, 0);
  return {
    apply<Name extends OperationName>(command: CommandOf<Name>, now: number): Outcome<Name> {
      turn.begin(now);
      const handle: Handlers[Name] = handlers[command.name];
      const reply = handle(turn, command.request);
      announce(turn);
      assertTurn(turn, reply);
      return { reply, changes: turn.takeChanges() ?? noChanges, effects: turn.takeEffects() ?? noEffects };
    },
    nextDeadline: () => state.agenda.next,
    rows: () => rowsOf(state),
  };
}
