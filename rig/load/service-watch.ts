/**
 * Whether there is a service, as its things see it: one that is gone, and an endpoint that takes connections and answers nothing. What
 * stands still otherwise is patience.ts's business.
 */
import { silent } from '../../agent/endpoint.ts';
import type { OperationalError } from '../../protocol/operational-error.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { FleetReport } from './fleet-counts.ts';
import type { LoadOptions } from './load-options.ts';

const usualGoneMs: DurationMs = 10_000;
const usualAnswerMs: DurationMs = 30_000;

type Asked = Pick<LoadOptions, 'endpoint' | 'goneAfterMs' | 'answersWithinMs' | 'shape'>;
type Seen = Pick<FleetReport, 'connected' | 'exchanges' | 'failures'>;

export class ServiceWatch {
  readonly #asked: Asked;
  /** When the first connection came up. */
  #connectedAt: DurationMs | undefined;
  /** When the last thing lost its connection, and what attempts to come back had failed with before. */
  #alone: { readonly since: DurationMs; readonly failures: Readonly<Record<string, number>> } | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** @returns why the run is over, if it is */
  look(fleet: Seen, at: DurationMs): string | OperationalError | undefined {
    if (fleet.connected > 0) this.#connectedAt ??= at;
    if (this.#connectedAt === undefined) return undefined;
    return this.#whyGone(fleet, at) ?? this.#whySilent(fleet, at - this.#connectedAt);
  }

  /** None is connected, and those that come back are refused. */
  #whyGone({ connected, failures }: Seen, at: DurationMs): string | undefined {
    if (connected > 0) {
      this.#alone = undefined;
      return undefined;
    }
    this.#alone ??= { since: at, failures };
    const { since, failures: before } = this.#alone;
    const { goneAfterMs = usualGoneMs, shape } = this.#asked;
    const refusal = Object.keys(failures).find(
      (kind) => kind.startsWith('connect failed') && failures[kind] !== before[kind],
    );
    const alone = at - since;
    if (refusal === undefined || alone < goneAfterMs + shape.given.reconnectMs) return undefined;
    return `no thing has been connected for ${Math.round(alone / 1000)} s (${refusal})`;
  }

  /** A thing asks for its next job as soon as it is connected, so that a service of Jobs has something to say. */
  #whySilent({ exchanges }: Seen, ms: DurationMs): OperationalError | undefined {
    const { endpoint, answersWithinMs = usualAnswerMs, shape } = this.#asked;
    const asksForJobs = shape.script.some(({ deeds }) => deeds.some((deed) => deed.do === 'rollout'));
    if (endpoint === undefined || exchanges > 0 || !asksForJobs || ms < answersWithinMs) return undefined;
    return silent(endpoint, 'StartNextPendingJobExecution of the first thing', ms);
  }
}
