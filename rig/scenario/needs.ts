/**
 * What a scenario needs of a device and its world: what its file says, and what follows from its triggers and deeds. A world that
 * lacks something skips the scenario and says why.
 */
import type { Deed, Entry, Need, Offer, Scenario, Trigger } from './contract.ts';

const needOfTrigger: Readonly<Partial<Record<Trigger['on'], Need>>> = {
  downloaded: 'download',
  block: 'stream',
  printed: 'console',
  step: 'steps',
  at: 'virtual-time',
};

function needsOfDeed(deed: Deed): readonly Need[] {
  switch (deed.do) {
    case 'create-job':
      return [
        ...(deed.group === true ? (['group'] as const) : []),
        ...(deed.namespace === undefined ? [] : (['namespace'] as const)),
        ...(deed.document === 'stream' ? (['stream'] as const) : []),
        ...(deed.image === undefined || deed.image === 'good' ? [] : (['image', 'download'] as const)),
      ];
    case 'delete-job':
    case 'delete-execution':
      return deed.namespace === undefined ? [] : ['namespace'];
    case 'delete-stream':
      return ['stream'];
    case 'leave-group':
    case 'join-group':
    case 'rejoin-group':
      return ['group'];
    case 'power':
      return ['power'];
    case 'link':
      return ['link'];
    case 'message':
      return ['message-faults'];
    case 'service':
    case 'connect':
    case 'subscribe':
      return ['service-faults'];
    case 'restart-service':
      return ['service-restart'];
    case 'session':
      return ['session-faults'];
    case 'clock':
      return [deed.of === 'device' ? 'device-clock' : 'service-clock'];
    case 'battery':
      return ['battery'];
    case 'image':
      return ['image', 'download'];
    case 'second-client':
      return ['second-client'];
    case 'memory':
      return ['memory'];
    default:
      return [];
  }
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
