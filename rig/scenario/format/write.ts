/** A scenario as a file that a person can read and change, and that {@link readScenario} reads back as the same. */
import { stringify } from 'yaml';
import type { Entry, Expected, Given, Scenario } from '../contract.ts';
import { deedForm } from './deeds.ts';
import { triggerForm } from './triggers.ts';
import { spanText } from './values.ts';

export function scenarioText(scenario: Scenario): string {
  const { id, version, claim, about, theme, catalog, needs, given, script, meanwhile, expect, claims, notes } =
    scenario;
  const document = {
    id,
    version,
    claim,
    about,
    ...(theme !== undefined && { theme }),
    ...(catalog.length > 0 && { catalog }),
    ...(needs.length > 0 && { needs }),
    ...(Object.keys(givenForm(given)).length > 0 && { given: givenForm(given) }),
    script: script.map(entryForm),
    ...(meanwhile.length > 0 && { meanwhile: meanwhile.map(entryForm) }),
    ...(expect.length > 0 && { expect: expect.map(expectedForm) }),
    ...(claims !== 'all' && { claims }),
    ...(notes !== undefined && { notes }),
  };
  return stringify(document, { lineWidth: 110, flowCollectionPadding: false });
}

function givenForm({ things, document, namespaces, link, faults, seed, settleMs, wire, grain }: Given): object {
  const named = things.map(({ thing, hardware, session, nameLength }) => ({
    thing,
    ...(hardware !== undefined && { hardware }),
    ...(session !== undefined && { session }),
    ...(nameLength !== undefined && { 'name-length': nameLength }),
  }));
  const [first] = named;
  const isUsual = named.length === 1 && first?.thing === 'thing-1';
  const { thing: _usual, ...ofFirst } = first ?? { thing: '' };
  return {
    ...(isUsual ? ofFirst : { things: named }),
    ...(document !== 'yours' && { document }),
    ...(namespaces.length > 0 && { namespaces }),
    ...(link && {
      link: { latency: spanText(link.latencyMs), ...(link.jitterMs > 0 && { jitter: spanText(link.jitterMs) }) },
    }),
    ...(faults.faults.length > 0 && { faults: faults.faults }),
    ...(seed !== 1 && { seed }),
    ...(settleMs !== undefined && { settle: spanText(settleMs) }),
    ...(wire && { wire }),
    ...(grain && { grain }),
  };
}

function entryForm({ when, deeds }: Entry): unknown {
  const forms = deeds.map(deedForm);
  if (when === undefined && forms.length === 1) return forms[0];
  return {
    ...(when && { when: triggerForm(when) }),
    ...(forms.length > 0 && { do: forms.length === 1 ? forms[0] : forms }),
  };
}

function expectedForm({ job, thing, status, withinMs, sideEffects, version }: Expected): object {
  return {
    job,
    ...(thing !== undefined && { thing }),
    status: status.length === 1 ? status[0] : status,
    ...(withinMs !== undefined && { within: spanText(withinMs) }),
    ...(sideEffects !== undefined && { 'side-effects': sideEffects }),
    ...(version !== undefined && { version }),
  };
}
