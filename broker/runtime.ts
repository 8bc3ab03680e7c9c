/**
 * Drives the engine: the one clock, the one timer, commands in the order in which they come. The journal decides when the
 * outcome of a command may be told: at once, or when it is kept; then the answer leaves and its effects follow it, in order,
 * so that nothing is said that could be forgotten. An engine that throws is asked nothing more. Holds no rule of the Jobs service.
 */
import type { EpochMs } from '../protocol/time.ts';
import type { Clock } from './clock.ts';
import { EngineFailure } from './engine-failure.ts';
import type {
  CommandOf,
  Effect,
  Engine,
  OperationName,
  Outcome,
  Rejected,
  Reply,
  ResponseOf,
} from './engine/contract.ts';
import type { ServicePort } from './engine/port.ts';
import type { ExecutionChanges } from './engine/execution-changes.ts';
import type { Journal } from './journal.ts';

export interface RuntimeOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Absent: nothing outlives the process, and nothing is waited for. */
  readonly journal?: Journal;
  /** Told of each accepted command with what it has changed, before its answer leaves. */
  readonly tellChanges?: ExecutionChanges['tell'];
  /** The engine threw: from now on everything is refused, and whoever runs the service must end it. Default: thrown, uncaught. */
  readonly onFailure?: (failure: EngineFailure) => void;
}

export interface Runtime extends ServicePort {
  /** Goes on with timers and bulk work that an earlier process left behind, once there is somebody to be told. */
  begin(): void;
  /** Stops the timer, lets what was applied be kept and answered, refuses what comes later. */
  close(): Promise<void>;
}

interface Listener {
  readonly tell: (effect: Effect) => void;
  readonly foresee?: (effect: Effect) => void;
}

type Answer<Name extends OperationName> = (reply: Reply<ResponseOf<Name>>, at: EpochMs) => void;

/** What came of a command, and who is to be told. */
type Telling = [command: CommandOf<OperationName>, outcome: Outcome, at: EpochMs, answer: Answer<OperationName>];

const closed = internalError('The service is closed.');
const notKept = internalError('The service could not store its state; what was asked may have been done.');
const failed = internalError('The service failed and stops.');

export function createRuntime(options: RuntimeOptions): Runtime {
  const { engine, clock, journal, tellChanges, onFailure = throwLater } = options;
  /** Replaced when somebody comes or goes, so that a round of telling is not disturbed. */
  let listeners: readonly Listener[] = [];
  /** What new commands are told once the runtime is closed or nothing can be kept any more. */
  let refusal: Rejected | undefined;
  let alarm: { readonly at: EpochMs; readonly cancel: () => void } | undefined;
  /** Outcomes that came while another one was told, where there is no journal. */
  const untold: Telling[] = [];
  let isTelling = false;

  function submit<Name extends OperationName>(command: CommandOf<Name>, answer: Answer<Name>): void {
    const at = clock.now();
    if (refusal !== undefined) {
      answer(refusal, at);
      return;
    }
    const outcome = applied(command, at);
    if (outcome === undefined) {
      answer(failed, at);
      return;
    }
    setAlarm();
    if (journal === undefined) tellNow(command, outcome, at, answer);
    else keepAndTell(journal, command, outcome, at, answer);
  }

  function keepAndTell<Name extends OperationName>(
    keeper: Journal,
    command: CommandOf<Name>,
    outcome: Outcome<Name>,
    at: EpochMs,
    answer: Answer<Name>,
  ): void {
    for (const effect of outcome.effects) for (const { foresee } of listeners) foresee?.(effect);
    keeper.keep(outcome.changes, (kept) => {
      if (kept) {
        tellOf(command, outcome, at, answer);
        return;
      }
      stop(notKept);
      answer(notKept, at);
    });
  }

  /** What is asked by who is told is told after what it came from. */
  function tellNow<Name extends OperationName>(
    command: CommandOf<Name>,
    outcome: Outcome<Name>,
    at: EpochMs,
    answer: Answer<Name>,
  ): void {
    if (isTelling) {
      untold.push([command, outcome, at, answer] as unknown as Telling);
      return;
    }
    isTelling = true;
    try {
      tellOf(command, outcome, at, answer);
      for (let next = untold.shift(); next !== undefined; next = untold.shift()) tellOf(...next);
    } finally {
      isTelling = false;
    }
  }

  function tellOf<Name extends OperationName>(
    command: CommandOf<Name>,
    { reply, changes, effects }: Outcome<Name>,
    at: EpochMs,
    answer: Answer<Name>,
  ): void {
    tellChanges?.(command as CommandOf<OperationName>, changes, at);
    answer(reply, at);
    for (const effect of effects) for (const { tell } of listeners) tell(effect);
  }

  /** @returns `undefined` when the engine threw: of what it did then, nothing leaves it. */
  function applied<Name extends OperationName>(command: CommandOf<Name>, at: EpochMs): Outcome<Name> | undefined {
    try {
      return engine.apply(command, at);
    } catch (error) {
      stop(failed);
      onFailure(new EngineFailure(command.name, error));
      return undefined;
    }
  }

  /** A slice of bulk work that leaves more to do asks for an instant that is past, which the clock serves after waiting I/O. */
  function wake(): void {
    alarm = undefined;
    const at = engine.nextDeadline();
    if (at === undefined || at > clock.now()) setAlarm();
    else submit({ name: 'jobrig:Wake', request: {} }, () => {});
  }

  /** An alarm that has become too early rings all the same: most deadlines are put off again before they come. */
  function setAlarm(): void {
    const at = engine.nextDeadline();
    if (at === undefined || (alarm !== undefined && alarm.at <= at)) return;
    alarm?.cancel();
    alarm = { at, cancel: clock.setTimer(at, wake) };
  }

  function stop(becauseOf: Rejected): void {
    refusal ??= becauseOf;
    alarm?.cancel();
    alarm = undefined;
  }

  return {
    submit,
    onEffect(tell, foresee) {
      const listener = { tell, ...(foresee && { foresee }) };
      listeners = [...listeners, listener];
      return () => {
        listeners = listeners.filter((other) => other !== listener);
      };
    },
    now: () => clock.now(),
    begin: setAlarm,
    close() {
      stop(closed);
      return journal?.drained() ?? Promise.resolve();
    },
  };
}

/** Where nobody listens for it, so that it is not overlooked. */
function throwLater(failure: EngineFailure): void {
  setImmediate(() => {
    throw failure;
  });
}

function internalError(message: string): Rejected {
  return { accepted: false, code: 'InternalError', message };
}
