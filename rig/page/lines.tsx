/**
 * What was said of one device, line by line: the clock, an arrow between device and service, the line in words, and the text of
 * the message on demand. Follows the newest line as long as the reader is at the end.
 */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Told } from '../../broker/live/contract.ts';
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import { type DeviceRequest, decodeDeviceMessage } from '../../protocol/device-messages.ts';
import { parseJsonObject, present } from '../../protocol/json.ts';
import { parseJobsTopic } from '../../protocol/topics.ts';
import type { Line } from '../report/lines.ts';
import { createTeller } from '../report/teller.ts';
import { Sentence } from './sentence.tsx';
import { device, startedAt } from './feed.ts';
import { momentText } from './words.ts';

const filters = ['All', 'Messages', 'Console'] as const;
type Filter = (typeof filters)[number];
const filter = signal<Filter>('All');

interface Row {
  readonly key: string;
  readonly at: number;
  readonly line: Line;
  readonly kind: 'message' | 'console' | 'other';
  readonly way: Way;
}

/** Which way something went; or it happened in the device, or was done to its job at the service. */
type Way = 'to-service' | 'to-device' | 'inside' | 'at-service';

export function Lines() {
  const looked = device.value;
  const all = looked?.all ?? [];
  const rows = useMemo(() => rowsOf(looked?.name ?? '', all), [looked?.name, all]);
  const shown = rows.filter(
    ({ kind }) => filter.value === 'All' || (kind === 'console') === (filter.value === 'Console'),
  );
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);

  useLayoutEffect(() => {
    const panel = list.current?.closest('.panel');
    if (!panel) return undefined;
    const note = (): void => {
      isAtEnd.current = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 60;
    };
    panel.addEventListener('scroll', note, { passive: true });
    return () => panel.removeEventListener('scroll', note);
  }, []);
  useEffect(() => {
    const panel = list.current?.closest('.panel');
    // On a phone the page itself scrolls, and is left alone.
    if (panel && isAtEnd.current && rows.length > 12) panel.scrollTop = panel.scrollHeight;
  }, [rows.length]);

  return (
    <section class="said" aria-label="What was said">
      <header>
        <h3>What was said</h3>
        <div class="segments" role="group" aria-label="Which lines">
          {filters.map((name) => (
            <button
              type="button"
              key={name}
              aria-pressed={filter.value === name}
              onClick={() => void (filter.value = name)}
            >
              {name}
            </button>
          ))}
        </div>
      </header>
      <p class="lanes" aria-hidden="true">
        <span>device</span>
        <span>service</span>
      </p>
      <ol ref={list}>
        {shown.map((row) => (
          <LineRow key={row.key} row={row} />
        ))}
      </ol>
      {shown.length === 0 && <p class="quiet">Nothing was said yet.</p>}
    </section>
  );
}

function LineRow({ row: { at, line, kind, way } }: { readonly row: Row }) {
  const [isOpen, setOpen] = useState(false);
  const { payload, topic, tone = 'plain', text } = line;
  return (
    <li class={`${tone} ${kind}`}>
      <time>{momentText(at - startedAt.value)}</time>
      <Arrow way={way} tone={tone} />
      <span class="words">
        <Sentence text={text} />
      </span>
      {topic !== undefined && (
        <button
          type="button"
          class="raw"
          aria-expanded={isOpen}
          aria-label="The message as it was written"
          onClick={() => setOpen(!isOpen)}
        >
          {'{}'}
        </button>
      )}
      {isOpen && (
        <pre tabIndex={0}>
          {topic}
          {'\n'}
          {pretty(payload)}
        </pre>
      )}
    </li>
  );
}

function pretty(payload: string | undefined): string {
  if (payload === undefined || payload === '') return '(its text was not kept)';
  try {
    return JSON.stringify(JSON.parse(payload), undefined, 2);
  } catch {
    return payload;
  }
}

/** From the device, to it, a cross on the service for a pull, a dot where something happens. */
function Arrow({ way, tone }: { readonly way: Way; readonly tone: string }) {
  return (
    <svg class="arrow" width="44" aria-hidden="true">
      <line class="life" x1="4.5" x2="4.5" y1="0" y2="100%" />
      <line class="life" x1="39.5" x2="39.5" y1="0" y2="100%" />
      {tone === 'pull' ? (
        <path class="cross" d="M35 9.5l9 9m0-9l-9 9" />
      ) : way === 'inside' ? (
        <circle class="dot" cx="4.5" cy="14" r="3" />
      ) : way === 'at-service' ? (
        <circle class="dot" cx="39.5" cy="14" r="3" />
      ) : way === 'to-service' ? (
        <path class="way" d="M5 14H37m-5-3.5l6 3.5-6 3.5" />
      ) : (
        <path class="way" d="M39 14H7m5-3.5L6 14l6 3.5" />
      )}
    </svg>
  );
}

function wayOf(seen: Observation): Way {
  switch (seen.kind) {
    case 'sent':
    case 'published':
    case 'connecting':
    case 'subscribed':
    case 'unsubscribed':
      return 'to-service';
    case 'received':
    case 'connected':
    case 'connect-failed':
    case 'refused':
      return 'to-device';
    case 'execution':
    case 'called':
      return 'at-service';
    default:
      return 'inside';
  }
}

function rowsOf(thingName: string, all: readonly Told[]): readonly Row[] {
  const tell = createTeller();
  return all.flatMap((told) => {
    const seen = told.kind === 'written' ? observationOf(thingName, told) : told;
    if (seen === undefined) return [];
    const kind =
      seen.kind === 'printed' ? 'console' : seen.kind === 'sent' || seen.kind === 'received' ? 'message' : 'other';
    return tell(seen).map((line, index): Row => ({
      key: `${told.n}.${index}`,
      at: told.at,
      line,
      kind,
      way: line.tone === 'recovery' ? 'inside' : wayOf(seen),
    }));
  });
}

/** A message as it was written, read as an observation. */
function observationOf(thingName: string, { at, to, topic, text }: ObservationOf<'written'>): Observation | undefined {
  const head = { at, thingName, source: 'wire' } as const;
  if (to === 'device') {
    const message = decodeDeviceMessage(topic, new TextEncoder().encode(text));
    return message === undefined ? undefined : { ...head, kind: 'received', message };
  }
  const about = parseJobsTopic(topic);
  if (about?.kind !== 'request') return { ...head, kind: 'published', topic, bytes: text.length, text };
  const { operation, jobId, namespaceId } = about;
  const body = (parseJsonObject(text) ?? {}) as DeviceRequest['body'];
  return { ...head, kind: 'sent', request: { operation, body, ...present({ jobId, namespaceId }) }, via: 'mqtt' };
}
