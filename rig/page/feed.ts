/**
 * What the page knows, as signals, and the one connection that feeds it. A page that is not looked at hangs up, and begins with
 * a snapshot when it is seen again; so does one whose service went away and came back. Another service has another page.
 */
import { batch, computed, signal } from '@preact/signals';
import type {
  ActionOutcome,
  ChartPoint,
  Delta,
  DeviceFrame,
  DeviceState,
  Frame,
  OfferedDocument,
  PageAction,
  PendingJob,
  RunHead,
  Snapshot,
  Told,
} from '../../broker/live/contract.ts';
import { deviceStates, noCounters, stateLetters } from '../../broker/live/contract.ts';

const stateOf = Object.fromEntries([...stateLetters].map((letter, index) => [letter, deviceStates[index]!]));

/** The devices in the order in which they are shown: by name, as people count. */
export interface Fleet {
  readonly names: readonly string[];
  readonly states: readonly DeviceState[];
  /** Counts up with every change. */
  readonly edition: number;
}

/** The device that is looked at, with all that was said of it. */
export interface LookedAt extends DeviceFrame {
  readonly all: readonly Told[];
}

const pointsShown = 180;
const linesShown = 500;
const token = document.querySelector<HTMLMetaElement>('meta[name=jobrig-token]')?.content ?? '';
const key = new URLSearchParams(location.search).get('key');

export const connection = signal<'connecting' | 'open' | 'lost'>('connecting');
export const serviceNow = signal(0);
export const startedAt = signal(0);
export const run = signal<RunHead>({ verb: '', about: '', deeds: [], speed: 1 });
export const counters = signal(noCounters);
export const jobs = signal<readonly PendingJob[]>([]);
export const chart = signal<readonly ChartPoint[]>([]);
export const endpoints = signal<Readonly<Record<string, string>>>({});
export const unseen = signal(0);
export const selected = signal<string | undefined>(undefined);
export const device = signal<LookedAt | undefined>(undefined);
/** More than one device, chosen on the field. */
export const selection = signal<ReadonlySet<string>>(new Set());
export const outcome = signal<ActionOutcome | undefined>(undefined);

const fleetSignal = signal<Fleet>({ names: [], states: [], edition: 0 });
export const fleet = computed(() => fleetSignal.value);

/** As the service numbers them. */
let names: string[] = [];
let states: DeviceState[] = [];
/** Where each is shown; gone ones are not. */
let order: number[] = [];
let service: string | undefined;
let viewer = 0;
let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

const byNumber = new Intl.Collator('en', { numeric: true });

export function connect(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') hangUp();
    else if (source === undefined) open();
  });
  addEventListener('hashchange', () => look(decodeURIComponent(location.hash.slice(1)) || undefined));
  open();
}

function hangUp(): void {
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

function open(): void {
  hangUp();
  const query = new URLSearchParams();
  if (key !== null) query.set('key', key);
  if (selected.value !== undefined) query.set('thing', selected.value);
  const opened = new EventSource(`page/feed?${query.toString()}`);
  source = opened;
  opened.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Frame));
  opened.addEventListener('error', () => {
    if (source !== opened) return;
    connection.value = 'lost';
    // A browser gives up on a service that answers otherwise than by a feed; this page does not.
    opened.close();
    retry = setTimeout(open, 1000);
  });
}

function take(frame: Frame): void {
  batch(() => {
    connection.value = 'open';
    serviceNow.value = frame.at;
    if (frame.kind === 'snapshot') takeSnapshot(frame);
    else takeDelta(frame);
  });
}

function takeSnapshot(frame: Snapshot): void {
  // Its token is another one, too.
  if (service !== undefined && service !== frame.service) location.reload();
  ({ service, viewer } = frame);
  startedAt.value = frame.startedAt;
  endpoints.value = frame.endpoints;
  chart.value = frame.chart;
  takeFigures(frame);
  names = [...frame.names];
  states = [...frame.states].map((letter) => stateOf[letter] ?? 'away');
  arrange();
}

/** As far as they are others now. */
function takeFigures(frame: Snapshot | Delta): void {
  if (frame.run !== undefined) run.value = frame.run;
  if (frame.counters !== undefined) counters.value = frame.counters;
  if (frame.jobs !== undefined) jobs.value = frame.jobs;
  if (frame.unseen !== undefined) unseen.value = frame.unseen;
  if (frame.device !== undefined) takeDevice(frame.device);
}

function takeDelta(frame: Delta): void {
  takeFigures(frame);
  if (frame.point !== undefined) chart.value = [...chart.value.slice(1 - pointsShown), frame.point];
  const { joined = [], moved = [] } = frame;
  for (const name of joined) {
    names.push(name);
    states.push('away');
  }
  let hasGone = joined.length > 0;
  for (const [index, letter] of moved) {
    const state = stateOf[letter] ?? 'away';
    if (state === 'gone' || states[index] === 'gone') hasGone = true;
    if (index < states.length) states[index] = state;
  }
  if (hasGone) arrange();
  else if (moved.length > 0) show();
}

function arrange(): void {
  order = names
    .map((_, index) => index)
    .filter((index) => states[index] !== 'gone')
    .sort((a, b) => byNumber.compare(names[a]!, names[b]!));
  show();
}

function show(): void {
  fleetSignal.value = {
    names: order.map((index) => names[index]!),
    states: order.map((index) => states[index]!),
    edition: fleetSignal.value.edition + 1,
  };
}

function takeDevice(frame: DeviceFrame): void {
  if (frame.name !== selected.value) return;
  const before = device.value;
  const kept = frame.anew === true || before?.name !== frame.name ? [] : before.all;
  const all = [...kept, ...frame.told];
  device.value = { ...frame, all: all.slice(-linesShown) };
}

/** Shows another device, or none. */
export function look(name: string | undefined): void {
  if (name === selected.value) return;
  selected.value = name;
  device.value = undefined;
  const { pathname, search } = location;
  history.replaceState(undefined, '', name === undefined ? `${pathname}${search}` : `#${encodeURIComponent(name)}`);
  if (viewer > 0) void post('page/look', { viewer, ...(name !== undefined && { thing: name }) });
}

export async function act(action: PageAction): Promise<ActionOutcome> {
  const said = await post('page/actions', action);
  outcome.value = said;
  return said;
}

async function post(path: string, content: object): Promise<ActionOutcome> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-jobrig-page': token },
      body: JSON.stringify(content),
    });
    return (await response.json()) as ActionOutcome;
  } catch {
    return { ok: false, text: 'The service does not answer' };
  }
}

export async function offeredDocuments(): Promise<readonly OfferedDocument[]> {
  const response = await fetch(`page/documents${key === null ? '' : `?key=${encodeURIComponent(key)}`}`);
  return (await response.json()) as readonly OfferedDocument[];
}
