/** A scenario as a file that a person can read and change, and that {@link readScenario} reads back as the same. */
import { Document, isCollection, isMap, isPair, isSeq, visit } from 'yaml';
import type { Entry, Given, Scenario } from '../contract.ts';
import { deedForm } from './deeds.ts';
import { triggerForm } from './triggers.ts';
import { membersFor } from './members.ts';

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
    ...(expect.length > 0 && {
      expect: expect.map((one) => membersFor({ ...one, status: one.status.length === 1 ? one.status[0] : one.status })),
    }),
    ...(claims !== 'all' && { claims }),
    ...(notes !== undefined && { notes }),
  };
  return flowing(document).toString({ lineWidth: 120, flowCollectionPadding: true });
}

/** Triggers, deeds, expectations and things each on a line of their own, as people write them. */
function flowing(content: object): Document {
  const document = new Document(content, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_, node, path) {
      const isTop = path.filter(isCollection).length === 0;
      const isEntry = isMap(node) && (node.has('when') || node.has('do'));
      const around = path.at(-1);
      const isGiven = isPair(around) && String(around.key) === 'given';
      const isList = isSeq(node) && node.items.some(isCollection);
      if (!isTop && !isEntry && !isGiven && !isList) node.flow = true;
    },
  });
  return document;
}

function givenForm({ things, document, namespaces, link, faults, seed, settleMs, wire, grain }: Given): object {
  const named = things.map((thing) => membersFor(thing));
  const [first] = named;
  const { thing: label, ...ofFirst } = first ?? {};
  const isUsual = named.length === 1 && label === 'thing-1';
  return {
    ...(isUsual ? ofFirst : { things: named }),
    ...(document !== 'yours' && { document }),
    ...(namespaces.length > 0 && { namespaces }),
    ...membersFor({ link: link && { ...link, jitterMs: link.jitterMs || undefined } }),
    ...(faults.faults.length > 0 && { faults: faults.faults }),
    ...(seed !== 1 && { seed }),
    ...membersFor({ settleMs, wire, grain }),
  };
}

function entryForm({ when, deeds }: Entry): unknown {
  const forms = deeds.map(deedForm).map(bareForm);
  if (when === undefined && forms.length === 1) return forms[0];
  return {
    ...(when && { when: triggerForm(when) }),
    ...(forms.length > 0 && { do: forms.length === 1 ? forms[0] : forms }),
  };
}

/** `end-faults` instead of `{ end-faults: {} }`. */
function bareForm(form: Record<string, unknown>): unknown {
  const [word = ''] = Object.keys(form);
  const members = form[word];
  return typeof members === 'object' && members !== null && Object.keys(members).length === 0 ? word : form;
}
