/**
 * What a person may do on the live page, done: an operator's commands go to the service as if the REST API had been called, a
 * throttle comes where the service's doors ask for faults, power, link and time are the run's. What cannot be done says why
 * in one line; a thing or a job that is gone meanwhile is such a case.
 */
import type { AnswerFaults } from '../../faults/service-faults.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { validateRequest } from '../../protocol/validation.ts';
import type { CommandOf, OperationName, Reply, ResponseOf } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import type { ActionOutcome, ActionTarget, PageAction } from './contract.ts';
import type { LiveFeed } from './live-feed.ts';

export interface PageActionsOptions {
  readonly port: ServicePort;
  readonly feed: LiveFeed;
  readonly throttle: Throttle;
  readonly arnOf: (thingName: string) => string;
}

/** AWS takes so many targets of one job. */
const mostTargets = 100;

export type DoAction = (asked: unknown) => Promise<ActionOutcome>;

export function pageActions(options: PageActionsOptions): DoAction {
  const actions = new Actions(options);
  return async (asked) => {
    // Loaded when wanted: most services run without anybody who does something on their page.
    const { readAction } = await import('./action-form.ts');
    const read = readAction(asked);
    return typeof read === 'string' ? failed(read) : actions.do(read);
  };
}

class Actions {
  readonly #options: PageActionsOptions;
  /** A job for more things than a job may name is several: what is done to one of them is done to all. By each of their ids. */
  readonly #together = new Map<string, readonly string[]>();

  constructor(options: PageActionsOptions) {
    this.#options = options;
  }

  async do(action: PageAction): Promise<ActionOutcome> {
    const run = this.#options.feed.pageRun;
    const touched = this.#touchedBy(action);
    if (touched.length > 0) run?.touched?.(touched);
    switch (action.do) {
      case 'pull':
      case 'cancel':
        return 'job' in action.target ? this.#endJob(action.do, action.target.job) : this.#endEach(action);
      case 'create-job':
        return this.#createJob(action);
      case 'throttle':
        this.#options.throttle.begin(action.forMs);
        return done(`The service throttles every device for ${seconds(action.forMs)}`);
      case 'power-cut':
        if (run?.powerCut === undefined) return failed('The power of these devices is not in the hand of this rig');
        return this.#toThose(action.things, 'Power is cut', (things) => run.powerCut?.(things, action.forMs));
      case 'drop-link':
        if (run?.dropLink === undefined) return failed('The link of these devices is not in the hand of this rig');
        return this.#toThose(action.things, 'The link is lost', (things) => run.dropLink?.(things, action.forMs));
      case 'speed':
        if (run?.setSpeed === undefined) return failed('Time cannot be changed here');
        run.setSpeed(action.factor);
        this.#options.feed.speedIs(action.factor);
        return done(action.factor === 0 ? 'Time stands still' : `Time runs ${action.factor} times as fast`);
      case 'start':
        if (run?.start === undefined) return failed('There is nothing to start');
        run.start();
        this.#options.feed.awaitStart(false);
        return done('Started');
    }
  }

  /** To those that are there: a page may name things that have gone meanwhile. */
  #toThose(things: readonly string[], what: string, strike: (things: readonly string[]) => void): ActionOutcome {
    const there = things.filter((thingName) => this.#options.feed.find(thingName)?.isGone === false);
    const gone = things.find((thingName) => !there.includes(thingName));
    if (there.length === 0) return failed(`${gone} is not there`);
    strike(there);
    const rest = gone === undefined ? '' : ` of ${things.length}; ${gone} is not there`;
    return done(`${what}: ${count(there)}${rest}`);
  }

  #touchedBy(action: PageAction): readonly string[] {
    const { feed } = this.#options;
    switch (action.do) {
      case 'pull':
      case 'cancel':
        return 'job' in action.target
          ? this.#jobsOf(action.target.job).flatMap((jobId) => feed.thingsOf(jobId))
          : action.target.things;
      case 'power-cut':
      case 'drop-link':
        return action.things;
      case 'throttle':
        return feed.connectedThings();
      default:
        return [];
    }
  }

  #jobsOf(jobId: string): readonly string[] {
    return this.#together.get(jobId) ?? [jobId];
  }

  async #endJob(what: 'pull' | 'cancel', asked: string): Promise<ActionOutcome> {
    const jobIds = this.#jobsOf(asked);
    const replies = await Promise.all(
      jobIds.map((jobId) =>
        what === 'pull'
          ? this.#ask({ name: 'iot:DeleteJob', request: { jobId, force: true } })
          : this.#ask({ name: 'iot:CancelJob', request: { jobId, force: true } }),
      ),
    );
    const refused = replies.find((reply) => !reply.accepted);
    const ended = replies.filter((reply) => reply.accepted).length;
    if (refused?.accepted === false && ended === 0) return failed(refused.message);
    const word = what === 'pull' ? 'deleted' : 'cancelled';
    return done(
      jobIds.length === 1
        ? `The job ${asked} is ${word} by force`
        : `${ended} of the ${jobIds.length} jobs ${jobIds[0]} to ${jobIds.at(-1)} are ${word} by force`,
    );
  }

  async #endEach({ do: what, target }: { readonly do: 'pull' | 'cancel'; readonly target: ActionTarget }) {
    const things = 'things' in target ? target.things : [];
    const outcomes = await Promise.all(things.map((thingName) => this.#endOne(what, thingName)));
    const refusals = outcomes.filter((text) => text !== undefined);
    const word = what === 'pull' ? 'pulled' : 'cancelled';
    const [first] = refusals;
    if (first === undefined) return done(`The job is ${word}: ${count(things)}`);
    if (refusals.length === things.length) return failed(first);
    return done(`The job is ${word}: ${things.length - refusals.length} of ${count(things)}; ${first}`);
  }

  /** @returns why not */
  async #endOne(what: 'pull' | 'cancel', thingName: string): Promise<string | undefined> {
    const execution = this.#options.feed.find(thingName)?.current;
    if (execution === undefined) return `${thingName} has no job`;
    const { jobId, executionNumber, namespaceId } = execution;
    const reply =
      what === 'pull'
        ? await this.#ask({
            name: 'iot:DeleteJobExecution',
            request: {
              jobId,
              thingName,
              executionNumber,
              force: true,
              ...(namespaceId !== undefined && { namespaceId }),
            },
          })
        : await this.#ask({ name: 'iot:CancelJobExecution', request: { jobId, thingName, force: true } });
    return reply.accepted ? undefined : `${thingName}: ${reply.message}`;
  }

  async #createJob({ jobId, document, things }: Extract<PageAction, { readonly do: 'create-job' }>) {
    const names = things ?? this.#options.feed.connectedThings();
    if (names.length === 0) return failed('No device is connected');
    // There already: just as well.
    await Promise.all(names.map((thingName) => this.#ask({ name: 'iot:CreateThing', request: { thingName } })));
    const parts = chunks(names, mostTargets);
    const ids = parts.length === 1 ? [jobId] : parts.map((_, index) => `${jobId}-${index + 1}`);
    for (const [index, part] of parts.entries()) {
      const id = ids[index]!;
      const request = { jobId: id, targets: part.map(this.#options.arnOf), document };
      const reply = await this.#ask({ name: 'iot:CreateJob', request });
      if (!reply.accepted) return failed(reply.message);
      if (ids.length > 1) this.#together.set(id, ids);
    }
    const what = parts.length === 1 ? `The job ${jobId} is` : `The jobs ${jobId}-1 to -${parts.length} are`;
    return done(`${what} created for ${count(names)}`);
  }

  /** Checked as a door checks it. */
  #ask<Name extends OperationName & `iot:${string}`>(command: CommandOf<Name>): Promise<Reply<ResponseOf<Name>>> {
    const request = command.request as Readonly<Record<string, unknown>>;
    const wrong = validateRequest('iot', command.name.slice('iot:'.length), request);
    if (wrong !== undefined) return Promise.resolve({ accepted: false, code: 'InvalidRequest', message: wrong });
    return new Promise((resolve) => {
      this.#options.port.submit(command, (reply) => resolve(reply));
    });
  }
}

/** Every device is refused with RequestThrottled until the time is over; asked before the faults of a plan. */
export class Throttle implements AnswerFaults {
  readonly #now: () => EpochMs;
  readonly #then: AnswerFaults | undefined;
  readonly #began: (until: EpochMs) => void;
  until: EpochMs = -Infinity;

  /** @param began is told, for doors in other processes */
  constructor(now: () => EpochMs, then: AnswerFaults | undefined, began: (until: EpochMs) => void = () => {}) {
    this.#now = now;
    this.#then = then;
    this.#began = began;
  }

  begin(forMs: DurationMs): void {
    this.until = this.#now() + forMs;
    this.#began(this.until);
  }

  of: AnswerFaults['of'] = (thingName, operation, asksNext) => {
    if (this.#isOn) return throttled;
    return this.#then?.of(thingName, operation, asksNext);
  };

  get isIdle(): boolean {
    return this.#then === undefined && !this.#isOn;
  }

  /** Asked for each request: one that never began needs no clock. */
  get #isOn(): boolean {
    return this.until !== -Infinity && this.#now() < this.until;
  }

  later: AnswerFaults['later'] = (lateMs, answer) => this.#then?.later(lateMs, answer);
}

const throttled: NonNullable<ReturnType<AnswerFaults['of']>> = {
  name: 'service throttled',
  answer: 'refuse',
  code: 'RequestThrottled',
  message: 'Too many requests.',
};

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function done(text: string): ActionOutcome {
  return { ok: true, text };
}

function failed(text: string): ActionOutcome {
  return { ok: false, text };
}

function count(things: readonly string[]): string {
  return things.length === 1 ? things[0]! : `${things.length} devices`;
}

function seconds(ms: DurationMs): string {
  return `${Math.round(ms / 100) / 10} s of device time`;
}
