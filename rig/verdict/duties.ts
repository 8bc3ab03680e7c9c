/**
 * What a right device makes of a job: a second, plain statement of how executions must end, by what the document asks for and
 * what fell into their time. It knows documents, hardware facts and faults, and nothing of how an agent works. A device that
 * fails, rejects or skips what it could do is not valid, however quietly it does so. Source: docs/recovery.md.
 */
import { type ExecutionIdentity, isSameExecution } from '../../observation/execution.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { Break } from './claim.ts';
import type { ClaimId, Duty } from './contract.ts';
import type { ExecutionRecord } from './execution-records.ts';
import type { DeviceRecord } from './record.ts';
import { executionsNamedBy, isAmong } from './told.ts';

/** An execution that is not over, with what happened to it. */
interface Assignment {
  readonly execution: ExecutionIdentity;
  readonly duty: Duty;
  /** A power cut, a reset that nobody asked for, or the loss of what non-volatile memory held. */
  interrupted: Observation | undefined;
  /** The boot loader was told to try the image: from then on the test of it decides. */
  isTried: boolean;
  /** Something that may keep a new image from reaching the service in time. */
  isDisturbed: boolean;
  /** The device's clock leapt: what would have come back in time did not, by its clock. */
  hasLeapt: boolean;
  /** How often the network went away; several times in a row may be longer than any download waits. */
  outages: number;
  /** The service said no for another reason than the state of the execution. */
  refused: Observation | undefined;
  /** Somebody else acted for the thing. */
  isShared: boolean;
  /** A message has named this very execution to the device. */
  isNamed: boolean;
  /** Which statuses the device gave a job of these ids before it was told of this one: it meant one of before. */
  meantForAnother: readonly string[];
}

/** A rejection by fault that is final: a device may take it for the last word. */
const refusal = /^service (?:Invalid|ResourceNotFound|TerminalStateReached)/;

/** What comes twice says nothing new. */
const harmless = /(?:twice|duplicate)$/;
const outage = /^(?:partition|link-lost)$/;
/** A request comes later than its answer was waited for. */
const stray = /^request (?:late|duplicate)$/;
/** Another client starts or ends what the device is to do. */
const shared = /^second-client (?:start-next|update)$/;

/** Told of an execution that a device ended otherwise than it should, with the claim that it breaks. */
type DutyBroke = (claim: ClaimId, found: Break) => void;

export class DutyWatch {
  readonly #record: DeviceRecord;
  readonly #dutyOf: (jobId: string) => Duty | undefined;
  readonly #broke: DutyBroke;
  readonly #assignments: Assignment[] = [];
  /** Requests of before may still arrive. */
  #haveStrayed = false;

  constructor(record: DeviceRecord, dutyOf: (jobId: string) => Duty | undefined, broke: DutyBroke) {
    this.#record = record;
    this.#dutyOf = dutyOf;
    this.#broke = broke;
  }

  onExecution(seen: ObservationOf<'execution'>): void {
    const known = this.#of(seen.execution);
    if (seen.status === 'QUEUED' || seen.status === 'IN_PROGRESS') {
      if (known === undefined || seen.status === 'QUEUED') this.#assign(seen.execution, known);
      return;
    }
    if (known === undefined) return;
    this.#drop(known);
    const one = this.#record.of(seen.execution);
    if (seen.by === 'device' && one !== undefined) this.#judge(seen, one, known);
  }

  onReceived({ message }: ObservationOf<'received'>): void {
    for (const assignment of this.#assignments) {
      if (!assignment.isNamed) assignment.isNamed = isAmong(executionsNamedBy(message), assignment.execution);
    }
  }

  onSent({ request: { operation, jobId, body } }: ObservationOf<'sent'>): void {
    const { status } = body;
    if (operation !== 'UpdateJobExecution' || status === undefined) return;
    for (const assignment of this.#assignments) {
      const { execution, isNamed, meantForAnother } = assignment;
      if (execution.jobId !== jobId || meantForAnother.includes(status) !== isNamed) continue;
      assignment.meantForAnother = isNamed ? without(meantForAnother, status) : [...meantForAnother, status];
    }
  }

  onPower(seen: ObservationOf<'power'>): void {
    if (!seen.on) this.#interrupt(seen);
  }

  onProgram(seen: ObservationOf<'program'>): void {
    if (seen.event === 'exited') this.#interrupt(seen);
  }

  onCrash(seen: Observation): void {
    this.#interrupt(seen);
  }

  onBoot(): void {
    this.#noteTrials();
  }

  onDisconnected({ end }: ObservationOf<'disconnected'>): void {
    if (end !== 'by-device') this.#disturb();
  }

  onFault(seen: ObservationOf<'fault'>): void {
    const { name } = seen;
    if (stray.test(name)) this.#haveStrayed = true;
    const isHarmless = harmless.test(name);
    const isOutage = outage.test(name);
    const isRefusal = refusal.test(name);
    const isSharing = shared.test(name);
    for (const assignment of this.#assignments) {
      if (!isHarmless) assignment.isDisturbed = true;
      if (isOutage) assignment.outages += 1;
      if (name === 'clock-jump') assignment.hasLeapt = true;
      if (isRefusal) assignment.refused ??= seen;
      if (isSharing) assignment.isShared = true;
    }
    if (name.startsWith('memory ')) this.#interrupt(seen);
  }

  #of(execution: ExecutionIdentity): Assignment | undefined {
    for (const one of this.#assignments) if (isSameExecution(one.execution, execution)) return one;
    return undefined;
  }

  #assign(execution: ExecutionIdentity, before: Assignment | undefined): void {
    const duty = this.#dutyOf(execution.jobId);
    if (duty === undefined) return;
    if (before !== undefined) this.#drop(before);
    this.#assignments.push({
      execution,
      duty,
      interrupted: undefined,
      isTried: false,
      isDisturbed: false,
      hasLeapt: false,
      outages: 0,
      refused: undefined,
      isShared: false,
      isNamed: false,
      meantForAnother: this.#underWay(execution.jobId),
    });
  }

  /** With which statuses updates of this job are on their way to the service. */
  #underWay(job: string): readonly string[] {
    const statuses: string[] = [];
    for (const { request } of this.#record.openRequests) {
      const { operation, jobId, body } = request;
      if (operation === 'UpdateJobExecution' && jobId === job && body.status !== undefined) statuses.push(body.status);
    }
    return statuses;
  }

  #drop(assignment: Assignment): void {
    this.#assignments.splice(this.#assignments.indexOf(assignment), 1);
  }

  #interrupt(seen: Observation): void {
    for (const assignment of this.#assignments) {
      assignment.interrupted ??= seen;
      assignment.isDisturbed = true;
    }
    this.#noteTrials();
  }

  #disturb(): void {
    for (const assignment of this.#assignments) assignment.isDisturbed = true;
  }

  /** Whether the image stands in a slot as one to be tried is a matter of hardware, whatever the agent says. */
  #noteTrial(assignment: Assignment): void {
    const { duty } = assignment;
    if (duty.work !== 'firmware' || assignment.isTried) return;
    for (const { version, state } of this.#record.view()?.slots ?? []) {
      if (version === duty.version && (state === 'ready' || state === 'pending-verify')) assignment.isTried = true;
    }
  }

  #noteTrials(): void {
    for (const assignment of this.#assignments) this.#noteTrial(assignment);
  }

  #judge(seen: ObservationOf<'execution'>, one: ExecutionRecord, assignment: Assignment): void {
    const record = this.#record;
    this.#noteTrial(assignment);
    // A request that was meant for an earlier execution of the same ids, in the same version, ends this one.
    const isStray = this.#haveStrayed || assignment.meantForAnother.includes(seen.status);
    if (assignment.isShared || (isStray && record.ofJob(one.identity.jobId).length > 1)) return;
    const wrong =
      seen.status === 'SUCCEEDED'
        ? notDone(one, assignment, record)
        : couldBeDone(seen.status, one, assignment, record);
    if (wrong === undefined) return;
    this.#broke(wrong.claim, {
      sign: wrong.claim === 'V4' ? 'not-done' : 'given-up',
      reason: `${one.identity.jobId} became ${seen.status}, ${wrong.reason}`,
      evidence: [one.created, assignment.interrupted, seen],
    });
  }
}

function without(statuses: readonly string[], status: string): readonly string[] {
  return statuses.filter((other) => other !== status);
}

interface Wrong {
  readonly claim: ClaimId;
  readonly reason: string;
}

/** It ended with success: was it done? */
function notDone(one: ExecutionRecord, { duty, interrupted }: Assignment, record: DeviceRecord): Wrong | undefined {
  if (duty.work === 'nothing') return { claim: 'V4', reason: 'and its document asks for nothing that can be done' };
  // What runs is V9's matter.
  const parts = duty.work === 'firmware' ? undefined : partsDone(one, record);
  if (parts === undefined || duty.work === 'firmware') return undefined;
  if (duty.work === 'reboot') {
    // What a power cut did for it need not be done again.
    const isDone = parts.has('reboot') || interrupted !== undefined;
    return isDone ? undefined : { claim: 'V4', reason: 'and the device was not restarted' };
  }
  if (duty.mustFail) return { claim: 'V4', reason: 'although one of its handlers fails' };
  const missing = missingOf(duty.parts, parts);
  return missing === 0 ? undefined : { claim: 'V4', reason: `and of its ${duty.parts} handlers ${missing} never ran` };
}

/** The device ended it without success: had it a reason? */
function couldBeDone(
  status: string,
  one: ExecutionRecord,
  { duty, interrupted, isTried, isDisturbed, hasLeapt, outages, refused, meantForAnother }: Assignment,
  record: DeviceRecord,
): Wrong | undefined {
  if (refused !== undefined) return undefined;
  const words = 'although nothing kept the device from doing it';
  switch (duty.work) {
    case 'nothing':
      // Source: docs/recovery-bugs.md R25.
      return status === 'REJECTED' || one.startedAt === undefined || meantForAnother.includes('IN_PROGRESS')
        ? undefined
        : { claim: 'V5', reason: 'and was begun although its document asks for nothing that can be done' };
    case 'reboot':
      return duty.fits() ? { claim: 'V5', reason: words } : undefined;
    case 'handlers': {
      if (status === 'REJECTED') return { claim: 'V5', reason: words };
      // Nobody knows how far a handler got that a power cut stopped.
      if (interrupted !== undefined) return undefined;
      if (!duty.mustFail) return { claim: 'V5', reason: words };
      const parts = partsDone(one, record);
      const missing = parts === undefined ? 0 : missingOf(duty.parts, parts);
      return missing === 0 ? undefined : { claim: 'V5', reason: `although ${missing} handlers before never ran` };
    }
    case 'firmware': {
      if (!duty.fits()) return undefined;
      // The test of a new image needs the service, so whatever disturbs the connection may end it.
      // So does a stream; and a network that is gone for a minute is gone for a day where the clock leaps.
      const depends = isTried || duty.byStream === true || hasLeapt || outages > 1;
      if (status === 'FAILED' && depends && isDisturbed) return undefined;
      const isCut = status === 'FAILED' && interrupted !== undefined;
      return { claim: 'V5', reason: isCut ? 'although the transfer can be resumed after a power cut' : words };
    }
  }
}

function missingOf(parts: number, done: ReadonlySet<string>): number {
  return Array.from({ length: parts }, (_, part) => String(part)).filter((part) => !done.has(part)).length;
}

/** Which parts of it were done; `undefined`: not shown. */
function partsDone(one: ExecutionRecord, record: DeviceRecord): ReadonlySet<string> | undefined {
  const view = record.view();
  if (view === undefined) return undefined;
  const parts = new Set<string>();
  for (const [key, done] of Object.entries(view.partsDone)) {
    if (record.startedAs(key) === one.key) for (const part of done) parts.add(part);
  }
  return parts;
}
