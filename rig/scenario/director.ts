/**
 * The director: plays a scenario by saying, for everything that was seen, what is to be done now. Entries of the script wait one
 * after the other, those of `meanwhile` all at once. Pure: what happens, and when, comes in; deeds and one deadline come out.
 */
import type { Kind, Observation } from '../../observation/observation.ts';
import type { DeviceMessage } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Arrival, Deed, Director, DirectorInput, Entry, Names, Progress, Scenario, Trigger } from './contract.ts';
import { triggerWords } from './words.ts';

export function createDirector(scenario: Scenario, names: Names): Director {
  return new ScenarioDirector(scenario, names);
}

/** An entry that waits. */
interface Armed {
  readonly entry: Entry;
  /** How often its trigger has happened. */
  count: number;
  /** Its trigger has happened for the last time; it is done at this instant. */
  dueAt: EpochMs | undefined;
  readonly since: EpochMs;
}

/** Which observations may fire a trigger. */
const kindsOf: Readonly<Record<Trigger['on'], readonly Kind[]>> = {
  connected: ['connected'],
  disconnected: ['disconnected'],
  sent: ['sent'],
  received: ['received'],
  delivered: ['delivered'],
  execution: ['execution'],
  downloaded: ['download'],
  block: ['download'],
  printed: ['printed'],
  step: ['traced'],
  settled: [],
  idle: ['sent'],
  at: [],
};

/** Whether a device is connected must be known before anybody asks. */
const alwaysHeard: readonly Kind[] = ['connected', 'disconnected'];

class ScenarioDirector implements Director {
  readonly hears: ReadonlySet<Kind>;
  readonly #scenario: Scenario;
  readonly #names: Names;
  #startedAt: EpochMs = 0;
  #done = 0;
  #current: Armed | undefined;
  #meanwhile: readonly Armed[] = [];
  readonly #connected = new Set<string>();
  #latestSaidAt: EpochMs = 0;
  /** The devices have come to rest after the last entry. */
  #isRested = false;
  #listensTo: ReadonlySet<Kind> = new Set(alwaysHeard);
  /** Some entry waits for the devices to come to rest. */
  #waitsForRest = false;

  constructor(scenario: Scenario, names: Names) {
    this.#scenario = scenario;
    this.#names = names;
    this.hears = kindsThatMove([...scenario.script, ...scenario.meanwhile]);
  }

  get listensTo(): ReadonlySet<Kind> {
    return this.#listensTo;
  }

  apply(input: DirectorInput, now: EpochMs): readonly Deed[] {
    const deeds: Deed[] = [];
    if (input.kind === 'start') this.#start(now, deeds);
    else if (input.kind === 'settled') this.#settled(now, deeds);
    else this.#see(input, now, deeds);
    return deeds;
  }

  wake(now: EpochMs): readonly Deed[] {
    const deeds: Deed[] = [];
    for (const armed of this.#waiting()) {
      const at = this.#deadlineOf(armed);
      if (at === undefined || at > now) continue;
      if (armed.dueAt === undefined) this.#happened(armed, now, deeds);
      else this.#perform(armed, now, deeds);
    }
    return deeds;
  }

  nextDeadline(): EpochMs | undefined {
    // Asked at every event: without a list of its own.
    let earliest = this.#current === undefined ? Infinity : (this.#deadlineOf(this.#current) ?? Infinity);
    for (const armed of this.#meanwhile) earliest = Math.min(earliest, this.#deadlineOf(armed) ?? Infinity);
    return earliest === Infinity ? undefined : earliest;
  }

  awaitsSettled(): boolean {
    return this.#waitsForRest || (this.isScriptDone && !this.#isRested);
  }

  isOver(): boolean {
    return this.isScriptDone && this.#isRested && this.#meanwhile.length === 0;
  }

  progress(): Progress {
    const { script } = this.#scenario;
    const when = this.#current?.entry.when;
    return { done: this.#done, of: script.length, ...(when && { awaits: triggerWords(when) }) };
  }

  /** Not a private getter: V8 looks those up at each call, and this is asked at every event. */
  get isScriptDone(): boolean {
    return this.#done === this.#scenario.script.length;
  }

  #waiting(): readonly Armed[] {
    // The list is replaced where it changes.
    return this.#current === undefined ? this.#meanwhile : [this.#current, ...this.#meanwhile];
  }

  #start(now: EpochMs, deeds: Deed[]): void {
    this.#startedAt = now;
    this.#latestSaidAt = now;
    this.#meanwhile = this.#scenario.meanwhile.map((entry) => arm(entry, now));
    for (const armed of this.#meanwhile) this.#begin(armed, now, deeds);
    this.#next(now, deeds);
  }

  /** Arms the next entry of the script; one that waits for nothing is done at once. */
  #next(now: EpochMs, deeds: Deed[]): void {
    const entry = this.#scenario.script[this.#done];
    this.#current = entry === undefined ? undefined : arm(entry, now);
    this.#refresh();
    if (this.#current !== undefined) this.#begin(this.#current, now, deeds);
  }

  #begin(armed: Armed, now: EpochMs, deeds: Deed[]): void {
    const { when } = armed.entry;
    if (when === undefined) this.#perform(armed, now, deeds);
    else if (when.on === 'connected' && this.#isConnected(when)) this.#happened(armed, now, deeds);
    else if (when.on === 'at' && this.#startedAt + when.atMs <= now) this.#happened(armed, now, deeds);
  }

  #isConnected({ thing }: Trigger): boolean {
    return thing === undefined ? this.#connected.size > 0 : this.#connected.has(this.#names.thingName(thing));
  }

  #settled(now: EpochMs, deeds: Deed[]): void {
    if (this.isScriptDone) this.#isRested = true;
    for (const armed of this.#waiting()) {
      if (armed.entry.when?.on === 'settled' && armed.dueAt === undefined) this.#happened(armed, now, deeds);
    }
  }

  #see(seen: Observation, now: EpochMs, deeds: Deed[]): void {
    const { thingName = '' } = seen;
    if (seen.kind === 'connected') this.#connected.add(thingName);
    else if (seen.kind === 'disconnected') this.#connected.delete(thingName);
    else if (seen.kind === 'sent') this.#latestSaidAt = now;
    for (const armed of this.#waiting()) {
      const { when } = armed.entry;
      if (armed.dueAt === undefined && when !== undefined && this.#fires(when, seen)) this.#happened(armed, now, deeds);
    }
  }

  #happened(armed: Armed, now: EpochMs, deeds: Deed[]): void {
    const { nth = 1, afterMs = 0 } = armed.entry.when ?? {};
    armed.count += 1;
    if (armed.count < nth) return;
    if (afterMs > 0) {
      armed.dueAt = now + afterMs;
      this.#refresh();
    } else this.#perform(armed, now, deeds);
  }

  #perform(armed: Armed, now: EpochMs, deeds: Deed[]): void {
    deeds.push(...armed.entry.deeds);
    const endsFaults = armed.entry.deeds.some((deed) => deed.do === 'end-faults');
    this.#meanwhile = endsFaults ? [] : this.#meanwhile.filter((other) => other !== armed);
    if (armed !== this.#current) {
      this.#refresh();
      return;
    }
    this.#done += 1;
    this.#next(now, deeds);
  }

  #deadlineOf({ entry, dueAt }: Armed): EpochMs | undefined {
    if (dueAt !== undefined) return dueAt;
    const { when } = entry;
    if (when?.on === 'at') return this.#startedAt + when.atMs;
    if (when?.on === 'idle') return this.#latestSaidAt + when.forMs;
    return undefined;
  }

  /** What it waits for has changed: both are asked at every event. */
  #refresh(): void {
    const waiting = this.#waiting();
    this.#listensTo = kindsThatMove(waiting.map(({ entry }) => entry));
    this.#waitsForRest = waiting.some(waitsForRest);
  }

  #fires(when: Trigger, seen: Observation): boolean {
    if (when.thing !== undefined && seen.thingName !== this.#names.thingName(when.thing)) return false;
    switch (when.on) {
      case 'connected':
      case 'disconnected':
        return seen.kind === when.on;
      case 'sent':
        return (
          seen.kind === 'sent' &&
          seen.request.operation === when.operation &&
          (when.status === undefined || seen.request.body.status === when.status) &&
          this.#isAbout(when.job, seen.request.jobId)
        );
      case 'received':
        return seen.kind === 'received' && arrives(seen.message, when) && this.#isAbout(when.job, jobIn(seen.message));
      case 'delivered':
        return seen.kind === 'delivered' && wordOf(seen.message) === when.what;
      case 'execution':
        return (
          seen.kind === 'execution' && seen.status === when.status && this.#isAbout(when.job, seen.execution.jobId)
        );
      case 'downloaded':
        return (
          seen.kind === 'download' &&
          this.#isAbout(when.job, seen.jobId) &&
          seen.totalBytes !== undefined &&
          100 * (seen.fromByte + seen.bytes) >= when.percent * seen.totalBytes
        );
      case 'block':
        return seen.kind === 'download' && seen.state === 'asked' && seen.blocks?.includes(when.block) === true;
      case 'printed':
        return seen.kind === 'printed' && new RegExp(when.pattern).test(seen.line);
      case 'step':
        if (when.step === 'undo') {
          const { trace } = seen.kind === 'traced' ? seen : { trace: undefined };
          return trace?.kind === 'pulled' && this.#isAbout(when.job, trace.execution.jobId);
        }
        return (
          seen.kind === 'traced' &&
          seen.trace.kind === 'step' &&
          seen.trace.step === when.step &&
          seen.trace.percent >= (when.percent ?? 0) &&
          this.#isAbout(when.job, seen.trace.execution.jobId)
        );
      case 'settled':
      case 'idle':
      case 'at':
        return false;
    }
  }

  #isAbout(job: string | undefined, jobId: string | undefined): boolean {
    return job === undefined || jobId === this.#names.jobId(job);
  }
}

function kindsThatMove(entries: readonly Entry[]): ReadonlySet<Kind> {
  return new Set([...alwaysHeard, ...entries.flatMap(({ when }) => kindsOf[when?.on ?? 'settled'])]);
}

function waitsForRest({ entry, dueAt }: Armed): boolean {
  return entry.when?.on === 'settled' && dueAt === undefined;
}

function arm(entry: Entry, since: EpochMs): Armed {
  return { entry, count: 0, dueAt: undefined, since };
}

function wordOf(message: DeviceMessage): 'reply' | 'notify' | 'notify-next' {
  if (message.kind === 'reply') return 'reply';
  return message.name === 'JobExecutionsChanged' ? 'notify' : 'notify-next';
}

function arrives(
  message: DeviceMessage,
  { what, operation }: { readonly what: Arrival; readonly operation?: string },
): boolean {
  if (message.kind === 'notification') return wordOf(message) === what;
  return message.outcome === what && (operation === undefined || message.operation === operation);
}

/** The job that a message is about, if about one. */
function jobIn(message: DeviceMessage): string | undefined {
  if (message.kind === 'reply' && message.jobId !== undefined && !message.jobId.startsWith('$')) return message.jobId;
  return 'execution' in message.payload ? message.payload.execution?.jobId : undefined;
}
