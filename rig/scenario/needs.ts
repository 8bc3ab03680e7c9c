/**
 * What a scenario needs of a device and its world: what its file says, and what follows from its triggers and deeds. A world that
 * lacks something skips the scenario and says why.
 */
import type { Deed, DeedName, Entry, Need, Offer, Scenario, Trigger } from './contract.ts';

const needOfTrigger: Readonly<Partial<Record<Trigger['on'], Need>>> = {
  downloaded: 'download',
  block: 'stream',
  printed: 'console',
  step: 'steps',
  at: 'virtual-time',
};

/** Of deeds that always need the same. */
const needsOfDeeds: Readonly<Partial<Record<DeedName, readonly Need[]>>> = {
  'delete-stream': ['stream'],
  'leave-group': ['group'],
  'join-group': ['group'],
  'rejoin-group': ['group'],
  power: ['power'],
  link: ['link'],
  message: ['message-faults'],
  service: ['service-faults'],
  connect: ['service-faults'],
  subscribe: ['service-faults'],
  'restart-service': ['service-restart'],
  session: ['session-faults'],
  battery: ['battery'],
  image: ['image', 'download'],
  'second-client': ['second-client'],
  memory: ['memory'],
};

function needsOfDeed(deed: Deed): readonly Need[] {
  if (deed.do === 'clock') return [deed.of === 'device' ? 'device-clock' : 'service-clock'];
  const own: Need[] = 'namespace' in deed && deed.namespace !== undefined ? ['namespace'] : [];
  if (deed.do === 'create-job') {
    if (deed.group === true) own.unshift('group');
    if (deed.document === 'stream') own.push('stream');
    if (deed.image !== undefined && deed.image !== 'good') own.push('image', 'download');
  }
  return [...own, ...(needsOfDeeds[deed.do] ?? [])];
}

/** In the order of their first mention. */
export function needsOf({ needs, given, script, meanwhile }: Scenario): readonly Need[] {
  const entries: readonly Entry[] = [...script, ...meanwhile];
  const found = new Set<Need>(needs);
  for (const { when, deeds } of entries) {
    const need = when && needOfTrigger[when.on];
    if (need !== undefined) found.add(need);
    for (const deed of deeds) for (const each of needsOfDeed(deed)) found.add(each);
  }
  if (given.document === 'stream') found.add('stream');
  if (given.things.some(({ session }) => session === 'persistent')) found.add('persistent-session');
  if (given.faults.faults.length > 0 || given.things.length > 1) found.add('virtual-time');
  return [...found];
}

/** @returns the reason in words, or nothing when it can be played */
export function whySkipped(scenario: Scenario, { has, whyNot = {} }: Offer): string | undefined {
  const missing = needsOf(scenario).find((need) => !has.has(need));
  return missing === undefined ? undefined : (whyNot[missing] ?? `it needs ${missing}`);
}
