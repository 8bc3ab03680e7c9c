/**
 * Puts the live page of a service together: the feed, the actions, the door, and the files that come with the package. The
 * page is built by vite into `dist/page`; from sources that were not built yet there is none, and all else works.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../package/package.ts';
import type { AnswerFaults } from '../../faults/service-faults.ts';
import { formatThingArn } from '../../protocol/names.ts';
import type { ArnScope } from '../../protocol/names.ts';
import type { Observer } from '../../observation/observation.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Change } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import { Throttle, pageActions } from './actions.ts';
import type { OfferedDocument } from './contract.ts';
import { LiveFeed, type LiveFeedOptions } from './live-feed.ts';
import { type PageDoor, openPageDoor } from './page-door.ts';

export interface OpenPageOptions {
  readonly port: ServicePort;
  readonly scope: ArnScope;
  /** @returns ends it */
  readonly observe: (observer: Observer) => () => void;
  readonly rows: () => Iterable<Required<Change>>;
  readonly isThing: (name: string) => boolean;
  readonly keeps: boolean;
  readonly isGuarded: boolean;
  /** Those of a plan. */
  readonly faults: AnswerFaults | undefined;
  /** Where doors are in other processes: tells them of a throttle, and asks them for what the page shows. */
  readonly onThrottle?: (until: EpochMs) => void;
  readonly askDoors?: LiveFeedOptions['askDoors'];
}

export interface OpenedPage {
  readonly feed: LiveFeed;
  readonly door: PageDoor;
  /** What goes wrong with answers: the plan's faults, and the page's throttle. */
  readonly faults: AnswerFaults;
}

const documentFolder = packageFile('fixtures/job-documents');

export function openPage(options: OpenPageOptions): OpenedPage {
  const { port, scope, isGuarded, faults, onThrottle } = options;
  const now = (): number => port.now();
  const { askDoors, observe, rows, isThing, keeps } = options;
  const feed = new LiveFeed({ now, observe, rows, isThing, keeps, ...(askDoors && { askDoors }) });
  const throttle = new Throttle(now, faults, onThrottle);
  const act = pageActions({ port, feed, throttle, arnOf: (thingName) => formatThingArn(scope, thingName) });
  const door = openPageDoor({ feed, act, page: builtPage(), documents: offeredDocuments, isGuarded });
  return { feed, door, faults: throttle };
}

function builtPage(): string | undefined {
  try {
    return readFileSync(packageFile('dist/page/index.html'), 'utf8');
  } catch {
    return undefined;
  }
}

/** Small ones: a document at the limit of its size is for tests. */
function offeredDocuments(): readonly OfferedDocument[] {
  return readdirSync(documentFolder)
    .filter((file) => file.endsWith('.json') && !file.startsWith('limit-'))
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      text: readFileSync(join(documentFolder, file), 'utf8'),
    }));
}
