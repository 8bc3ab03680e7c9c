/**
 * The one engine of a service with what it runs on: its rows and their store, its clock, its runtime. What doors need of it is
 * the first part of {@link Mind}; a door in another process has that part from its link. Composes and holds no rule.
 */
import type { Observer } from '../observation/observation.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { Clock } from './clock.ts';
import type { Change, Engine } from './engine/contract.ts';
import { createEngine } from './engine/engine.ts';
import { type ExecutionChanges, createExecutionChanges } from './engine/execution-changes.ts';
import type { ServicePort } from './engine/port.ts';
import { profiles } from './engine/profile.ts';
import type { ExecutionRow } from './engine/rows.ts';
import { type HoldingJournal, holdingJournal } from './holding-journal.ts';
import { type KeptState, type KeptStateOptions, type Leading, openKeptState, stateInMemory } from './kept-state.ts';
import type { SessionStore } from './mqtt/kept-sessions.ts';
import type { Passage } from './mqtt/passing.ts';
import type { Inflow } from './net/inflow.ts';
import { createRuntime } from './runtime.ts';
import { type FaultListener, jumping } from './service-faults.ts';
import type { ServiceOptions } from './service-options.ts';
import { parsePostgresAddress } from './store/postgres-address.ts';
import { type Surroundings, identityOf } from './surroundings.ts';
import { throttled } from './throttling.ts';
import { unresolvablePlaceholders } from './unresolvable-placeholders.ts';

/** What doors need. */
export interface MindOfDoors {
  readonly port: ServicePort;
  readonly sessionStore?: SessionStore | undefined;
  readonly passage?: Passage | undefined;
  /** Held while too much waits to be kept. */
  readonly inflow: Inflow;
  isThing(name: string): boolean;
  /** Executions that were made or have changed so far, by the status that they had then. */
  readonly executionStatuses?: ReadonlyMap<string, number>;
}

export interface Mind extends MindOfDoors {
  readonly state: KeptState;
  /** Present with a store: what the engine's outcomes go through. */
  readonly journal?: HoldingJournal;
  rows(): Iterable<Required<Change>>;
  /** Shows what is seen from now on. @returns ends it */
  observe(observer: Observer): () => void;
  /** Calls `hear` with what each accepted command has changed. */
  onChanges(hear: (changes: readonly Change[]) => void): void;
  /** Goes on with timers and bulk work that an earlier process left behind, once there is somebody to be told. */
  begin(): void;
  close(): Promise<void>;
}

/** The state, which is opened first: it may be in use, or damaged. */
export async function openState(
  options: ServiceOptions,
  onFault: FaultListener,
  leading?: Leading,
): Promise<KeptState> {
  const { timeScale, dataDir, database, durability, onFailure, onWarning } = options;
  const fault = options.faults && { plan: options.faults, seed: options.seed ?? 1, onFault };
  const clockOf = (steady: Clock): Clock => {
    const own = options.clockOf?.(steady) ?? steady;
    return fault ? jumping(own, fault) : own;
  };
  const place = placeOf(database, dataDir);
  if (place === undefined) return stateInMemory({ timeScale, clockOf });
  const state = await openKeptState({
    place,
    identity: identityOf(options),
    durability,
    timeScale,
    clockOf,
    onFailure: onFailure ?? (() => {}),
    ...(onWarning && { onWarning }),
    ...(leading && { leading }),
  });
  warnOfClock(state, 'database' in place ? place.database.name : place.directory, onWarning);
  return state;
}

function placeOf(
  database: ServiceOptions['database'],
  dataDir: string | undefined,
): KeptStateOptions['place'] | undefined {
  if (database !== undefined) return { database: parsePostgresAddress(database) };
  return dataDir === undefined ? undefined : { directory: dataDir };
}

export async function openMind(
  options: ServiceOptions,
  { identity, watchers, files }: Surroundings,
  state: KeptState,
): Promise<Mind> {
  const engine = await state.restore((rows) =>
    createEngine({
      identity,
      rows,
      profile: profiles[options.profile ?? 'observed'],
      strict: options.strict,
      resolveDocument: files?.resolveDocument,
      whyUnresolvable: unresolvablePlaceholders(files !== undefined),
    }),
  );
  let executionChanges: ExecutionChanges | undefined;
  const executionStatuses = new Map<string, number>();
  const whoHears: ((changes: readonly Change[]) => void)[] = [(changes) => countStatuses(changes, executionStatuses)];
  const lookAtJobs = (observer: Observer): void => {
    // From when somebody looks at what becomes of jobs: until then nothing has to be remembered.
    if (observer.execution === undefined && observer.job === undefined) return;
    const all: Observer = {
      job: (seen) => watchers.observer.job?.(seen),
      execution: (seen) => watchers.observer.execution?.(seen),
    };
    executionChanges ??= createExecutionChanges(all, engine.rows());
  };
  lookAtJobs(watchers.observer);
  const journal = state.journal && holdingJournal(state.journal);
  const runtime = createRuntime({
    engine: options.strict ? throttled(engine) : engine,
    clock: state.clock,
    journal,
    onFailure: options.onFailure,
    tellChanges(command, changes, at) {
      for (const hear of whoHears) hear(changes);
      executionChanges?.tell(command, changes, at);
    },
  });
  return {
    port: runtime,
    sessionStore: state.sessionStore,
    inflow: state.inflow,
    isThing: (thingName) => isThing(engine, thingName, runtime.now()),
    executionStatuses,
    state,
    ...(journal && { journal }),
    rows: () => engine.rows(),
    observe(observer) {
      const stop = watchers.add(observer);
      lookAtJobs(observer);
      return stop;
    },
    onChanges: (hear) => void whoHears.push(hear),
    begin: () => runtime.begin(),
    close: () => runtime.close(),
  };
}

/** Reads only, so that the engine need not be asked by way of the runtime. */
function isThing(engine: Engine, thingName: string, at: EpochMs): boolean {
  return engine.apply({ name: 'iot:DescribeThing', request: { thingName } }, at).reply.accepted;
}

/** Of executions that were made or changed, each time. */
function countStatuses(changes: readonly Change[], counts: Map<string, number>): void {
  for (const { table, row } of changes) {
    if (table !== 'jobExecution') continue;
    const status = (row as ExecutionRow | undefined)?.status ?? 'DELETED';
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
}

/** Clocks of one machine are corrected by less than that. */
const usualCorrectionMs = 60_000;

function warnOfClock({ aheadMs = 0, clock }: KeptState, place: string, warn: ServiceOptions['onWarning']): void {
  if (aheadMs < usualCorrectionMs) return;
  const ahead =
    aheadMs < 2 * 3_600_000 ? `${Math.round(aheadMs / 60_000)} min` : `${Math.round(aheadMs / 3_600_000)} h`;
  warn?.(
    `Service time is ${new Date(clock.now()).toISOString()}, ${ahead} ahead of this machine's clock: an earlier service on ${place} got that far, by --time-scale or before a clock was set back. It never goes back, and times, timeouts and signed URLs follow it. To begin at the present time, give another --data-dir or --store, or remove what is kept there.`,
  );
}
