/** A scenario that the rig itself makes, of which only what matters is said: one thing, its own document, nothing that goes wrong. */
import { noFaults } from '../../faults/plan.ts';
import type { Given, Scenario } from './contract.ts';

type Said = Pick<Scenario, 'id' | 'claim' | 'about'> &
  Partial<Omit<Scenario, 'given'>> & { readonly given?: Partial<Given> };

export function plainScenario({ id, claim, about, given, ...others }: Said): Scenario {
  return {
    id,
    version: 1,
    claim,
    about,
    catalog: [],
    needs: [],
    given: { things: [{ thing: 'thing-1' }], document: 'yours', namespaces: [], faults: noFaults, seed: 1, ...given },
    script: [],
    meanwhile: [],
    expect: [],
    claims: 'all',
    ...others,
  };
}
