/**
 * Failures grouped by cause: the claim that broke first and the moment that decided it. Of each cause the smallest scenario is
 * kept, made as small as it gets, so that one thing is told once, however many seeds found it.
 */
import type { Scenario } from '../scenario/contract.ts';
import { minimize } from '../scenario/minimize.ts';
import type { Finding } from '../verdict/contract.ts';
import { type Played, play } from './play.ts';
import type { Subjects } from './subjects.ts';
import type { Violation } from './violation.ts';

/** What broke in a run. */
export interface FoundFailure {
  readonly violation: Violation;
  /** The same for runs in which the same thing broke at the same kind of moment. */
  readonly key: string;
}

export interface Failure {
  /** `seed 4711`, or the scenario's id. */
  readonly label: string;
  readonly seed?: number;
  readonly scenario: Scenario;
  readonly violation: Violation;
}

export interface Cause {
  /** The smallest of them. */
  readonly failure: Failure;
  readonly failures: readonly Failure[];
}

/** @returns `undefined` when nothing broke */
export function failureIn(played: Played): FoundFailure | undefined {
  const [violation] = played.violations;
  return violation && { violation, key: keyOf(violation, decisiveFinding(played, violation)) };
}

/** The most frequent first. */
export class Causes {
  readonly #byKey = new Map<string, Failure[]>();
  #cutRuns = 0;

  /** Runs in which a call did not return. */
  get cutRuns(): number {
    return this.#cutRuns;
  }

  add(key: string, failure: Failure): void {
    if (failure.violation.isCut === true) this.#cutRuns += 1;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, [failure]);
    else known.push(failure);
  }

  all(): readonly Cause[] {
    return [...this.#byKey.values()]
      .map((failures): Cause => ({ failure: smallest(failures), failures }))
      .sort((a, b) => b.failures.length - a.failures.length);
  }
}

function decisiveFinding({ findings }: Played, { broke, thingName }: Violation): Finding | undefined {
  return findings
    .find((one) => one.thingName === thingName)
    ?.findings.find(({ claim, outcome }) => claim === broke && outcome === 'fail');
}

/** Without figures and names, which differ from seed to seed. */
function keyOf({ broke, message }: Violation, finding: Finding | undefined): string {
  const words = message.replaceAll(/\b[a-z]+-\d+\b|\d+(\.\d+)*/g, '#');
  return [broke, words, finding?.decisive?.kind ?? ''].join(' | ');
}

function smallest(failures: readonly Failure[]): Failure {
  return failures.reduce((least, one) => (sizeOf(one.scenario) < sizeOf(least.scenario) ? one : least));
}

function sizeOf({ given, script, meanwhile }: Scenario): number {
  return given.things.length + given.faults.faults.length + script.length + meanwhile.length;
}

/** Makes the scenario as small as it gets while the same claim breaks first. */
export function smallestOf({ scenario, violation }: Failure, subjects: Subjects, maxTrials: number): Scenario {
  // Hundreds of trials, each of which has to be cut.
  if (violation.isCut === true) return scenario;
  const fails = (candidate: Scenario): boolean => play(candidate, subjects).violations[0]?.broke === violation.broke;
  return minimize(scenario, fails, maxTrials);
}

/** The scenario as one to be kept: named after what it breaks, which its claim tells in a sentence. */
export function keptScenario(scenario: Scenario, { broke, message, thingName }: Violation): Scenario {
  const who = thingName === undefined ? '' : `${thingName} `;
  const about = /^V\d+$/.test(broke) ? { about: broke as Scenario['about'] } : {};
  return {
    ...scenario,
    ...about,
    id: `${scenario.id}-${broke.toLowerCase()}`,
    claim: `Broke ${broke} once: ${who}${message}.`,
  };
}
