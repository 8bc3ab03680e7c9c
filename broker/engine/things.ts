/**
 * Things entering and leaving the registry. Their groups are membership.ts, their executions executions.ts.
 */
import { endMembership } from './membership.ts';
import type { ThingRow } from './rows.ts';
import { forgetThing, thingNamed, type Registration, type State } from './state.ts';
import type { Turn } from './turn.ts';

export function holdThing(state: State, row: ThingRow): Registration {
  const thing = thingNamed(state, row.thingName);
  const registration: Registration = { sequence: row.sequence, thing, row, memberships: [] };
  thing.registration = registration;
  state.registrations.append(registration);
  return registration;
}

/** Takes a thing out of the registry and out of its groups; what it has pending is the caller's to see to. */
export function releaseThing(turn: Turn, registration: Registration): void {
  const { thing } = registration;
  for (const membership of registration.memberships) endMembership(membership);
  turn.state.registrations.remove(registration);
  thing.registration = undefined;
  forgetThing(turn.state, thing);
  turn.drop('thing', thing.name);
}
