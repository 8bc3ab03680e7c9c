/**
 * What kind of hardware a device is: the figures of figures.ts, each with its source, from a JSON object such as those in
 * `fixtures/hardware/`. The parser takes a decoded value and names every member that is wrong, or contradicts another;
 * reading files is not done here. A figure that nobody measured says `assumed` in its source, and reports list those.
 */
import { isJsonObject } from '../../protocol/json.ts';
import { type Figures, type Range, figureRanges } from './figures.ts';

export interface FigureSource {
  /** e.g. `flash.eraseSectorMs` */
  readonly path: string;
  readonly value: number;
  readonly source: string;
}

export interface HardwareProfile extends Figures {
  readonly name: string;
  readonly description: string;
  /** Every figure with where it comes from. */
  readonly sources: readonly FigureSource[];
}

export interface ProfileProblem {
  /** Of the member that is wrong; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export type ParsedProfile =
  | { readonly ok: true; readonly profile: HardwareProfile }
  | { readonly ok: false; readonly problems: readonly ProfileProblem[] };

/** Checks a decoded profile. */
export function parseHardwareProfile(value: unknown): ParsedProfile {
  if (!isJsonObject(value)) return { ok: false, problems: [{ path: '', message: 'must be an object' }] };
  const problems: ProfileProblem[] = [];
  const sources: FigureSource[] = [];
  const { name, description } = value;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) {
    problems.push({ path: 'name', message: 'must be 1 to 64 lower-case letters, digits and hyphens' });
  }
  if (typeof description !== 'string') problems.push({ path: 'description', message: 'must be a text' });
  findUnknown(value, ['name', 'description', ...Object.keys(figureRanges)], '', problems);
  const groups = Object.entries(figureRanges).map(([group, ranges]) => [
    group,
    readGroup(value[group], group, ranges, problems, sources),
  ]);
  // Every member was checked above, which the type checker cannot follow through the table.
  const profile = { name, description, ...Object.fromEntries(groups), sources } as unknown as HardwareProfile;
  if (problems.length === 0) findContradictions(profile, problems);
  return problems.length === 0 ? { ok: true, profile } : { ok: false, problems };
}

/** The figures that nobody measured. */
export function assumedFigures({ sources }: HardwareProfile): readonly FigureSource[] {
  return sources.filter(({ source }) => source.startsWith('assumed'));
}

/** What is left of the RAM for a job once the device is connected. */
export function freeForJobs({ ram }: HardwareProfile): number {
  return ram.usableBytes - ram.firmwareBytes - connectionBytes(ram);
}

/** What the connection takes: a TLS session, and a buffer each way. */
export function connectionBytes(ram: HardwareProfile['ram']): number {
  return ram.tlsBytes + 2 * ram.mqttBufferBytes;
}

function readGroup(
  group: unknown,
  path: string,
  ranges: Readonly<Record<string, Range>>,
  problems: ProfileProblem[],
  sources: FigureSource[],
): Readonly<Record<string, number>> {
  if (!isJsonObject(group)) {
    problems.push({ path, message: 'must be an object of figures' });
    return {};
  }
  findUnknown(group, Object.keys(ranges), `${path}.`, problems);
  const figures: Record<string, number> = {};
  for (const [name, range] of Object.entries(ranges)) {
    const figure = group[name];
    const at = `${path}.${name}`;
    const { value, source } = isJsonObject(figure) ? figure : {};
    if (!isWithin(range, value)) {
      const kind = range.whole === true ? 'whole number' : 'number';
      problems.push({ path: `${at}.value`, message: `must be a ${kind} from ${range.min} to ${range.max}` });
    } else if (typeof source !== 'string' || source === '') {
      problems.push({ path: `${at}.source`, message: 'must say where the value comes from, or `assumed`' });
    } else {
      figures[name] = value;
      sources.push({ path: at, value, source });
    }
  }
  return figures;
}

function isWithin({ min, max, whole }: Range, value: unknown): value is number {
  return typeof value === 'number' && value >= min && value <= max && (whole !== true || Number.isInteger(value));
}

function findUnknown(
  object: Readonly<Record<string, unknown>>,
  known: readonly string[],
  prefix: string,
  problems: ProfileProblem[],
): void {
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) problems.push({ path: `${prefix}${name}`, message: 'is not a member of a profile' });
  }
}

/** What cannot be, although each figure alone could. */
function findContradictions(profile: HardwareProfile, problems: ProfileProblem[]): void {
  const { ram, flash, cpu, link, power } = profile;
  const claims: readonly (readonly [boolean, string, string])[] = [
    [flash.sectorBytes % flash.pageBytes === 0, 'flash.sectorBytes', 'must be a multiple of flash.pageBytes'],
    [flash.slotBytes % flash.sectorBytes === 0, 'flash.slotBytes', 'must be a multiple of flash.sectorBytes'],
    // A segment that shared a sector with its neighbour would erase it.
    [ram.segmentBytes % flash.sectorBytes === 0, 'ram.segmentBytes', 'must be a multiple of flash.sectorBytes'],
    [freeForJobs(profile) > 0, 'ram.usableBytes', 'must hold the firmware, a TLS session and two MQTT buffers'],
    [flash.eraseSectorMaxMs >= flash.eraseSectorMs, 'flash.eraseSectorMaxMs', 'must not be below flash.eraseSectorMs'],
    [flash.programPageMaxMs >= flash.programPageMs, 'flash.programPageMaxMs', 'must not be below flash.programPageMs'],
    [link.latencyMaxMs >= link.latencyMs, 'link.latencyMaxMs', 'must not be below link.latencyMs'],
    [
      flash.eraseStallsCpu === 0 || cpu.watchdogMs > flash.eraseSectorMaxMs,
      'cpu.watchdogMs',
      'must be above flash.eraseSectorMaxMs, or the watchdog bites while one sector is erased',
    ],
    [link.sleepMs === 0 || link.activeMs > 0, 'link.activeMs', 'must be above 0 where link.sleepMs is'],
    [power.burstSagMv >= power.sagMv, 'power.burstSagMv', 'must not be below power.sagMv'],
    [
      power.supplyMv - power.sagMv >= power.brownOutMv,
      'power.supplyMv',
      'must stay above power.brownOutMv while a rested device sends, or it never can',
    ],
  ];
  for (const [holds, path, message] of claims) if (!holds) problems.push({ path, message });
}
