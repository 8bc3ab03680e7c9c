/**
 * What a service has acknowledged, and what was asked of it and not answered yet: after a kill, what it may know and what it
 * must. Every execution is either as it was acknowledged last, or one step further, by the one request that was on its way.
 * Talks to nobody.
 */

/** What a device has written, all of it together: a status, and details that no other update has. */
export interface Written {
  readonly status: string;
  readonly step: string | undefined;
}

export interface Seen extends Written {
  readonly versionNumber: number;
}

interface ExecutionEntry {
  acknowledged: Seen;
  /** What the device asked for last, while it waits for the answer. */
  asked: Written | undefined;
}

interface JobEntry {
  readonly things: readonly string[];
  /** `asked`: may be there or not, but wholly. */
  creation: 'asked' | 'acknowledged';
  deletion: 'none' | 'asked' | 'acknowledged';
  cancellation: 'none' | 'asked' | 'acknowledged';
  /** By thing name. */
  readonly executions: Map<string, ExecutionEntry>;
  /** Things whose execution somebody has asked to delete. */
  readonly deletedFrom: Map<string, 'asked' | 'acknowledged'>;
}

const queued: Seen = { status: 'QUEUED', step: undefined, versionNumber: 1 };

export class KillLedger {
  readonly jobs = new Map<string, JobEntry>();
  acknowledgements = 0;
  #awaited: { readonly count: number; readonly reached: () => void } | undefined;

  /** One more answer has come. */
  acknowledge(): void {
    this.acknowledgements += 1;
    if (this.#awaited !== undefined && this.acknowledgements >= this.#awaited.count) this.#awaited.reached();
  }

  /** Resolves when there are so many. */
  acknowledged(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#awaited = { count, reached };
    });
  }

  createAsked(jobId: string, things: readonly string[]): void {
    const executions = new Map(things.map((thing) => [thing, { acknowledged: queued, asked: undefined }]));
    this.jobs.set(jobId, {
      things,
      creation: 'asked',
      deletion: 'none',
      cancellation: 'none',
      executions,
      deletedFrom: new Map(),
    });
  }

  /** Those whose deletion nobody has asked for. */
  jobsNotDeleted(): string[] {
    return [...this.jobs].filter(([, { deletion }]) => deletion === 'none').map(([jobId]) => jobId);
  }

  job(jobId: string): JobEntry {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new Error(`nobody has asked for ${jobId}`);
    return job;
  }

  updateAsked(jobId: string, thing: string, written: Written): void {
    this.#execution(jobId, thing).asked = written;
  }

  updateAnswered(jobId: string, thing: string, seen: Seen | undefined): void {
    const execution = this.#execution(jobId, thing);
    execution.asked = undefined;
    if (seen !== undefined) execution.acknowledged = seen;
    this.acknowledge();
  }

  /** Whether this service may say so of the execution after a kill; `undefined`: there is none. */
  objection(jobId: string, thing: string, seen: Seen | undefined): string | undefined {
    const job = this.job(jobId);
    const deleted = job.deletion === 'none' ? job.deletedFrom.get(thing) : job.deletion;
    if (seen === undefined) {
      const allowed = deleted !== undefined || job.creation === 'asked';
      return allowed ? undefined : `${jobId} on ${thing} was accepted and is gone`;
    }
    if (deleted === 'acknowledged') return `${jobId} on ${thing} was deleted and is there: ${text(seen)}`;
    const { acknowledged, asked } = this.#execution(jobId, thing);
    const written: Seen[] = [acknowledged];
    if (asked !== undefined) written.push({ ...asked, versionNumber: acknowledged.versionNumber + 1 });
    const states = written.flatMap((state) => {
      if (job.cancellation === 'none' || !isPending(state.status)) return [state];
      const canceled = { ...state, status: 'CANCELED', versionNumber: state.versionNumber + 1 };
      return job.cancellation === 'acknowledged' ? [canceled] : [state, canceled];
    });
    if (states.some((state) => text(state) === text(seen))) return undefined;
    return `${jobId} on ${thing} is ${text(seen)}, expected ${states.map(text).join(' or ')}`;
  }

  /** A job that was being created or deleted is there with every execution, or not at all. */
  halfDone(jobId: string, found: ReadonlyMap<string, Seen>): string | undefined {
    const { things, deletedFrom } = this.job(jobId);
    const missing = things.filter((thing) => !found.has(thing) && !deletedFrom.has(thing));
    if (found.size === 0 || missing.length === 0) return undefined;
    return `${jobId} is there without its executions on ${missing.join(', ')}`;
  }

  /** What is there now is what the next service has to know. */
  settle(jobId: string, found: ReadonlyMap<string, Seen>): void {
    const job = this.job(jobId);
    if (found.size === 0) {
      this.jobs.delete(jobId);
      return;
    }
    job.creation = 'acknowledged';
    job.executions.clear();
    for (const [thing, seen] of found) job.executions.set(thing, { acknowledged: seen, asked: undefined });
    for (const thing of job.things) if (!found.has(thing)) job.deletedFrom.set(thing, 'acknowledged');
    for (const thing of found.keys()) job.deletedFrom.delete(thing);
  }

  #execution(jobId: string, thing: string): ExecutionEntry {
    const execution = this.job(jobId).executions.get(thing);
    if (execution === undefined) throw new Error(`nobody has asked for ${jobId} on ${thing}`);
    return execution;
  }
}

function isPending(status: string): boolean {
  return status === 'QUEUED' || status === 'IN_PROGRESS';
}

function text({ status, step, versionNumber }: Seen): string {
  return `${status} ${step ?? '–'} v${versionNumber}`;
}
