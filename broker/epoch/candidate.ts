/**
 * An engine that may lead: it looks who leads, takes over from who is silent, leads, and stops for good when another one does
 * or when it cannot know what is kept. A pure machine; who drives it talks to the database and keeps the time, and makes a new one
 * for the next attempt. Source of the rules: docs/decisions/0011-epoch-and-takeover.md.
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Candidate, CandidateAction, EpochPolicy, Held, Leadership, StopReason, ToCandidate } from './contract.ts';

type Phase = 'watching' | 'taking' | 'restoring' | 'leading' | 'releasing' | 'stopped';

interface Turn {
  readonly turn: number;
  readonly hasChanges: boolean;
}

/** Since when the row has not changed. */
interface Sight {
  readonly row: Leadership;
  readonly since: EpochMs;
}

/** @param owner a name that no other attempt to lead ever had */
export function createCandidate(owner: string, policy: EpochPolicy): Candidate {
  return new EngineCandidate(owner, policy);
}

class EngineCandidate implements Candidate {
  readonly #owner: string;
  readonly #policy: EpochPolicy;
  #phase: Phase = 'watching';
  #deadline: EpochMs | undefined = 0;
  #isAsking = false;
  #lookedAt: EpochMs = 0;
  #sight: Sight | undefined;
  /** Of the copy that follows whoever leads. */
  #followed: number | undefined = -1;
  #held: Held = { epoch: 0, owner: '', commits: 0 };
  /** Being kept: answered by the request that is under way. */
  #current: Turn | undefined;
  readonly #turns: Turn[] = [];
  #isClosing = false;
  /** Since when a leader has not reached its database. */
  #awaySince: EpochMs | undefined;

  constructor(owner: string, policy: EpochPolicy) {
    this.#owner = owner;
    this.#policy = policy;
  }

  nextDeadline(): EpochMs | undefined {
    return this.#isAsking || this.#phase === 'stopped' ? undefined : this.#deadline;
  }

  apply(input: ToCandidate, now: EpochMs): readonly CandidateAction[] {
    if (this.#phase === 'stopped') {
      return input.kind === 'turn' ? [{ do: 'settle', turn: input.turn, isKept: false }] : [];
    }
    switch (input.kind) {
      case 'wake':
        return this.#isAsking || this.#deadline === undefined || now < this.#deadline ? [] : this.#next(now);
      case 'seen':
        this.#isAsking = false;
        return this.#seen(input.row, now);
      case 'taken':
        this.#isAsking = false;
        return this.#taken(input.isOurs, now);
      case 'followed':
        this.#isAsking = false;
        this.#followed = input.commits;
        return this.#isClosing ? this.#stop('closed') : this.#after(this.#policy.lookEveryMs, now);
      case 'restored':
        if (this.#phase !== 'restoring') return [];
        if (this.#isClosing) return this.#release();
        // The first sign of life says that silence counts from now on, and finds out whether it is not too late.
        return this.#ask({ do: 'beat', held: this.#held, patienceMs: this.#policy.patienceMs });
      case 'turn':
        this.#turns.push(input);
        return this.#isAsking || this.#phase !== 'leading' ? [] : this.#next(now);
      case 'checked':
        this.#isAsking = false;
        return this.#checked(input.isOurs, now);
      case 'refused':
        return this.#stop('refused');
      case 'lost':
        this.#isAsking = false;
        return this.#lost(input.isSent, now);
      case 'close':
        this.#isClosing = true;
        return this.#isAsking ? [] : this.#next(now);
    }
  }

  /** What is due while nothing is asked. */
  #next(now: EpochMs): readonly CandidateAction[] {
    if (this.#phase === 'leading') return this.#nextOfLeader(now);
    if (this.#phase === 'restoring') return this.#isClosing ? this.#release() : [];
    if (this.#isClosing) return this.#stop('closed');
    this.#phase = 'watching';
    this.#lookedAt = now;
    return this.#ask({ do: 'look' });
  }

  #nextOfLeader(now: EpochMs): readonly CandidateAction[] {
    const held = this.#held;
    this.#current ??= this.#turns.shift();
    if (this.#current !== undefined) {
      const { turn, hasChanges } = this.#current;
      return this.#ask({ do: hasChanges ? 'commit' : 'check', held, turn });
    }
    if (this.#isClosing) return this.#release();
    if (this.#deadline !== undefined && now < this.#deadline) return [];
    return this.#ask({ do: 'beat', held, patienceMs: this.#policy.patienceMs });
  }

  #release(): readonly CandidateAction[] {
    this.#phase = 'releasing';
    return this.#ask({ do: 'release', held: this.#held });
  }

  #ask(action: CandidateAction): readonly CandidateAction[] {
    this.#isAsking = true;
    return [action];
  }

  #seen(row: Leadership, now: EpochMs): readonly CandidateAction[] {
    if (this.#isClosing) return this.#stop('closed');
    if (row.owner !== '') {
      const isSame = this.#sight !== undefined && isSameRow(this.#sight.row, row);
      const isAlive = this.#sight !== undefined && !isSame;
      if (!isSame) this.#sight = { row, since: now };
      if (isAlive && this.#policy.whenLed === 'refuse') return this.#stop('led');
      // Silent for the time between the answer that was the first to show it and the question that was the last to.
      const { leastSilenceMs, goneMs } = this.#policy;
      const patienceMs = row.isGone === true ? goneMs : Math.max(row.patienceMs, leastSilenceMs);
      if (this.#lookedAt - this.#sight!.since < patienceMs) {
        if (this.#followed !== undefined && row.commits !== this.#followed) return this.#ask({ do: 'follow' });
        return this.#after(this.#policy.lookEveryMs, now);
      }
    }
    this.#phase = 'taking';
    this.#held = { epoch: row.epoch + 1, owner: this.#owner, commits: row.commits };
    return this.#ask({ do: 'take', from: row, owner: this.#owner, patienceMs: this.#policy.patienceToRestoreMs });
  }

  #taken(isOurs: boolean, now: EpochMs): readonly CandidateAction[] {
    if (!isOurs) {
      this.#phase = 'watching';
      return this.#isClosing ? this.#stop('closed') : this.#after(0, now);
    }
    this.#phase = 'restoring';
    this.#deadline = undefined;
    return this.#isClosing ? this.#release() : [{ do: 'restore', epoch: this.#held.epoch }];
  }

  #checked(isOurs: boolean, now: EpochMs): readonly CandidateAction[] {
    if (this.#phase === 'releasing') return this.#stop('closed');
    if (!isOurs) return this.#stop('deposed');
    this.#awaySince = undefined;
    const done: CandidateAction[] = [];
    if (this.#phase === 'restoring') {
      this.#phase = 'leading';
      done.push({ do: 'lead', epoch: this.#held.epoch });
    }
    if (this.#current !== undefined) {
      const { turn, hasChanges } = this.#current;
      if (hasChanges) this.#held = { ...this.#held, commits: this.#held.commits + 1 };
      this.#current = undefined;
      done.push({ do: 'settle', turn, isKept: true });
    }
    this.#deadline = now + this.#policy.beatEveryMs;
    return [...done, ...this.#nextOfLeader(now)];
  }

  #lost(isSent: boolean, now: EpochMs): readonly CandidateAction[] {
    switch (this.#phase) {
      case 'leading':
        // Whether a beat or a check was done is of no account; of a commit it is everything.
        if (this.#current?.hasChanges === true && isSent) return this.#stop('unknown');
        this.#awaySince ??= now;
        if (this.#isClosing) return this.#stop('closed');
        if (now - this.#awaySince >= this.#policy.maxAwayMs) return this.#stop('away');
        return this.#after(this.#policy.retryMs, now);
      case 'releasing':
        return this.#stop('closed');
      default:
        // What was taken, perhaps, is left: who is the next to find it silent takes over, and reads.
        this.#phase = 'watching';
        return this.#isClosing ? this.#stop('closed') : this.#after(this.#policy.retryMs, now);
    }
  }

  #after(waitMs: DurationMs, now: EpochMs): readonly CandidateAction[] {
    this.#deadline = now + waitMs;
    return [];
  }

  #stop(reason: StopReason): readonly CandidateAction[] {
    this.#phase = 'stopped';
    const left = [...(this.#current ? [this.#current] : []), ...this.#turns.splice(0)];
    this.#current = undefined;
    // Stopped first: whoever hears that a turn is not kept must know already that nothing more will be.
    return [{ do: 'stop', reason }, ...left.map(({ turn }) => ({ do: 'settle', turn, isKept: false }) as const)];
  }
}

function isSameRow(one: Leadership, other: Leadership): boolean {
  return (
    one.epoch === other.epoch && one.owner === other.owner && one.beats === other.beats && one.commits === other.commits
  );
}
