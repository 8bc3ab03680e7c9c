/** What a check tells of itself while it runs. */
import type { ScenarioResult, ScenarioRun, SweepPoint } from './check-result.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Portrait } from './portrait.ts';

export type CheckEvent =
  | {
      readonly kind: 'ready';
      readonly thingName: string;
      readonly endpoints: string;
      readonly isAttached: boolean;
      /** Of the live page. */
      readonly pageUrl: string | undefined;
    }
  | { readonly kind: 'portrait'; readonly portrait: Portrait }
  | { readonly kind: 'failed-handshake'; readonly diagnosis: Diagnosis }
  | { readonly kind: 'planned'; readonly scenarios: number; readonly moments: number }
  | { readonly kind: 'started'; readonly id: string }
  | { readonly kind: 'ended'; readonly run: ScenarioRun }
  /** All runs of a scenario have ended, or no more of them will come. */
  | { readonly kind: 'result'; readonly result: ScenarioResult }
  | { readonly kind: 'swept'; readonly point: SweepPoint };
