/**
 * What becomes of a publication on a reserved topic outside the Jobs space. A feature that this service has answers it; of
 * every other feature the publication is accepted, counted and dropped, because AWS would not cut the client off for it.
 * The first of each such feature is told to the door's owner. A feature is one entry in the table of answerers.
 * Source: reference shadow-and-provisioning.md §6.
 */
import { type ReservedFeature, type ReservedTopic, reservedFeatures } from './reserved-topics.ts';

export interface ReservedRequest {
  /** As published. */
  readonly topic: string;
  readonly parsed: ReservedTopic;
  /** Valid only during the call. */
  readonly payload: Buffer | string;
  readonly clientId: string;
  /** Stands for the connection that asked. */
  readonly connection: object;
}

export interface ReservedAnswers {
  /** To the connection that asked, whether or not it subscribed; of the QoS of the request, or less where it subscribed with less. */
  readonly reply: (topic: string, payload: string | Buffer) => void;
  /** To every session that subscribed. */
  readonly announce: (topic: string, payload: string | Buffer) => void;
  /**
   * To every session that subscribed, of the QoS of the request at most, and to the connection that asked, whether or not it
   * subscribed; see `streamReplies` in readings.ts.
   */
  readonly tell: (topic: string, payload: string | Buffer) => void;
  /** Resolves when the asker's connection can take more of what is long, or with false when it has ended. */
  readonly drained: () => Promise<boolean>;
  /**
   * To be called once, when the request is dealt with: PUBACK and replies leave together then. Replies may follow
   * later, so that what takes long need not hold anything up.
   */
  readonly done: () => void;
}

/** Deals with the requests of one feature. */
export type ReservedAnswerer = (request: ReservedRequest, answers: ReservedAnswers) => void;
export type ReservedAnswerers = { readonly [Feature in ReservedFeature]?: ReservedAnswerer };

/** Publications so far, by feature. */
export type ReservedCounts = Readonly<Record<ReservedFeature, number>>;

export class ReservedRequests {
  readonly #answerers: ReservedAnswerers;
  readonly #notAnswered: (feature: ReservedFeature, request: ReservedRequest) => void;
  readonly #counts: Record<ReservedFeature, number>;
  readonly #told = new Set<ReservedFeature>();

  /** @param notAnswered told once for each feature that this service does not have. */
  constructor(answerers: ReservedAnswerers, notAnswered: (feature: ReservedFeature, request: ReservedRequest) => void) {
    this.#answerers = answerers;
    this.#notAnswered = notAnswered;
    const none = reservedFeatures.map((feature) => [feature, 0] as const);
    this.#counts = Object.fromEntries(none) as Record<ReservedFeature, number>;
  }

  get counts(): ReservedCounts {
    return { ...this.#counts };
  }

  take(request: ReservedRequest, answers: ReservedAnswers): void {
    const { feature } = request.parsed;
    this.#counts[feature] += 1;
    const answer = this.#answerers[feature];
    if (answer !== undefined) {
      answer(request, answers);
      return;
    }
    answers.done();
    if (this.#told.has(feature)) return;
    this.#told.add(feature);
    this.#notAnswered(feature, request);
  }
}
