/**
 * An engine whose doors are elsewhere: its end of their links, the live page and the metrics, which doors ask for here, and what they
 * tell of their clients. Composes and holds no rule; how doors reach it is its process' business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeMetrics } from '../http/metrics-text.ts';
import type { LeadershipStatus } from '../http/status-page.ts';
import { type EngineEnd, type EngineEndOptions, type KnownThings, createEngineEnd } from '../link/engine-end.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import type { WireTold } from '../live/wire-share.ts';
import { openMindPage } from '../mind-page.ts';
import type { Mind } from '../mind.ts';
import { announce } from '../mqtt/announcements.ts';
import { ForgottenRows, soundRows } from '../mqtt/kept-sessions.ts';
import { doorReadings } from '../mqtt/readings.ts';
import { answersWritten } from '../mqtt/requests.ts';
import type { ServicePort } from '../engine/port.ts';
import type { ServiceEvent } from '../service-events.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { Surroundings } from '../surroundings.ts';

export interface LinkedEngine {
  readonly end: EngineEnd;
  readonly page: LiveFeed;
  /** Of the URL of the page. */
  readonly query: string;
  readonly connectedClients: number;
  /** What listens, for the page and the metrics. */
  endpoints: Readonly<Record<string, string>>;
  /** The page and the metrics. */
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** Ends the links. */
  close(): Promise<void>;
}

export interface LinkedEngineOptions {
  readonly options: ServiceOptions;
  readonly surroundings: Surroundings;
  readonly mind: Mind;
  readonly doors: number;
  /** Of an engine that leads on a database. */
  readonly epoch?: number;
  readonly leadership?: () => LeadershipStatus;
  /** They come and go, and take the sessions of others; default: each is started again. */
  readonly doorsAreOnTheirOwn?: boolean;
  /** The clock of a door's machine differs from this one's; in words. */
  readonly onClock?: (door: number, difference: string) => void;
}

/** For people. */
export function identityText({ region, account }: Surroundings['identity']): string {
  return `${region} and account ${account}`;
}

/** Before anything is kept. */
export async function linkEngine({
  options,
  surroundings,
  mind,
  doors,
  epoch,
  leadership,
  doorsAreOnTheirOwn = false,
  onClock,
}: LinkedEngineOptions): Promise<LinkedEngine> {
  const { addresses, events } = surroundings;
  const page = openMindPage(mind, surroundings, options, {
    faults: undefined,
    onThrottle: (until) => end.throttle(until),
    askDoors: (wanted) => end.want(wanted ?? null),
  });
  const connected = new Set<string>();
  /** Of all doors, by HTTP status. */
  const answered = new Map<number, number>();
  const { journal, sessionStore } = mind;
  const forgotten = new ForgottenRows();
  const kept = await sessionStore?.rows(forgotten.add);
  const rows = kept && soundRows(kept, forgotten.add);
  const { namespacedNotify: forms } = doorReadings[options.profile ?? 'observed'];
  const end: EngineEnd = createEngineEnd({
    port: mind.port,
    inflow: mind.inflow,
    doors,
    timeScale: options.timeScale ?? 1,
    things: thingsOf(mind),
    ...writtenBy(mind.port, options.profile),
    ...(epoch !== undefined && { epoch }),
    ...(journal && rows && { sessions: { journal, rows, forms } }),
    doorsAreOnTheirOwn,
    identity: identityText(surroundings.identity),
    ...(onClock && { onClock }),
    onTold(told) {
      if (isWireTold(told)) return page.feed.wire(told);
      const event = told as ServiceEvent;
      if (event.kind === 'connected') {
        connected.add(event.clientId);
        addresses.deviceCame(event.clientId, event.address ?? '');
      } else if (event.kind === 'identified') addresses.deviceCame(event.thingName, event.address ?? '');
      else if (event.kind === 'disconnected') connected.delete(event.clientId);
      else if (event.kind === 'called' || event.kind === 'request-refused') {
        answered.set(event.status, (answered.get(event.status) ?? 0) + 1);
      }
      events.tell(event);
    },
  });
  if (sessionStore !== undefined) forgotten.drop(sessionStore);
  let endpoints: Readonly<Record<string, string>> = {};
  return {
    end,
    page: page.feed,
    query: page.door.query,
    get connectedClients() {
      return connected.size;
    },
    get endpoints() {
      return endpoints;
    },
    set endpoints(those) {
      endpoints = those;
      page.feed.endpoints = those;
    },
    answer(request, response) {
      if (request.url === '/metrics') {
        const status = { endpoints, connectedClients: connected.size, events: events.counts };
        const counted = mind.executionStatuses && { executionStatuses: mind.executionStatuses };
        void writeMetrics(
          response,
          { ...status, ...counted, ...(leadership && { leadership: leadership() }) },
          answered,
        );
      } else if (!page.door.answer(request, response)) response.writeHead(404).end();
    },
    async close() {
      await page.feed.close();
      end.close();
    },
  };
}

function isWireTold(told: unknown): told is WireTold {
  return String((told as { readonly kind?: unknown }).kind).startsWith('wire');
}

/** What devices ask and are told, read and written where the engine is. */
export function writtenBy(
  port: ServicePort,
  profile: ServiceOptions['profile'] = 'observed',
): Pick<EngineEndOptions, 'takeWritten' | 'announce'> {
  const forms = doorReadings[profile].namespacedNotify;
  return {
    takeWritten: answersWritten(port),
    announce: (effect, tell) => announce(effect, forms, tell),
  };
}

/** Most changes of a thing are none of whether it is there. */
function thingsOf(mind: Mind): KnownThings {
  const names = new Set<string>();
  for (const { table, key } of mind.rows()) if (table === 'thing') names.add(key);
  return {
    names: () => names,
    onChange(hear) {
      mind.onChanges((changes) => {
        for (const { table, key, row } of changes) {
          if (table !== 'thing' || (row !== undefined) === names.has(key)) continue;
          if (row === undefined) names.delete(key);
          else names.add(key);
          hear(key, row !== undefined);
        }
      });
      return () => {};
    },
  };
}
