/** The live page of whoever has the mind: the service of one process, and the engine behind doors. */
import { type OpenPageOptions, type OpenedPage, openPage } from './live/open-page.ts';
import type { Mind } from './mind.ts';
import type { ServiceOptions } from './service-options.ts';
import type { Surroundings } from './surroundings.ts';

export function openMindPage(
  mind: Mind,
  { events, identity }: Surroundings,
  options: Pick<ServiceOptions, 'keepsPage' | 'accessKeys'>,
  about: Pick<OpenPageOptions, 'faults' | 'onThrottle' | 'askDoors'>,
): OpenedPage {
  const page = openPage({
    port: mind.port,
    observe: mind.observe,
    scope: identity,
    rows: mind.rows,
    isThing: mind.isThing,
    keeps: options.keepsPage === true,
    isGuarded: options.accessKeys !== undefined,
    ...about,
  });
  events.add((event) => page.feed.door(event));
  mind.onChanges((changes) => {
    for (const { table, key, row } of changes) if (table === 'thing' && row !== undefined) page.feed.registered(key);
  });
  return page;
}
