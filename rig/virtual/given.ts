/** What a scenario gives, as the configuration of a world in virtual time. */
import type { Given, Scenario } from '../scenario/contract.ts';
import type { ThingConfiguration, WorldConfiguration } from './configuration.ts';

const usualLink = { latencyMs: 30, jitterMs: 0 };

/** By label, in order. */
export function thingNamesOf({ things }: Given): ReadonlyMap<string, string> {
  return new Map(things.map(({ thing, nameLength = 0 }) => [thing, thing.padEnd(nameLength, 'x')]));
}

/** The devices listen to every namespace that the scenario speaks of. */
function namespacesOf({ given, script, meanwhile }: Scenario): readonly string[] {
  const named = [...script, ...meanwhile].flatMap(({ deeds }) =>
    deeds.flatMap((deed) => ('namespace' in deed && deed.namespace !== undefined ? [deed.namespace] : [])),
  );
  return [...new Set([...given.namespaces, ...named])];
}

/** @param hardware of things for which the scenario names none */
export function worldOf(
  scenario: Scenario,
  thingNames: ReadonlyMap<string, string>,
  hardware: string,
): WorldConfiguration {
  const { given } = scenario;
  const { seed, link = usualLink, faults, wire = 'objects', grain = 'operation' } = given;
  const things = given.things.map((thing): ThingConfiguration => {
    const thingName = thingNames.get(thing.thing) ?? thing.thing;
    const session = thing.session === 'persistent' ? { session: 'persistent' as const } : {};
    return { thingName, hardware: thing.hardware ?? hardware, ...session };
  });
  return { seed, things, namespaces: namespacesOf(scenario), link, faults, wire, grain };
}
