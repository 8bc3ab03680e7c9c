/**
 * What kind of hardware a device is: figures of its memory, flash, link and boot, each with its source, from a JSON object
 * such as those in `fixtures/hardware/`. The parser takes a decoded value and names every member that is wrong; reading files
 * is not done here. A figure that nobody measured says `assumed` in its source, and reports can list those.
 */
import { isJsonObject } from '../../protocol/json.ts';
import type { DurationMs } from '../../protocol/time.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

const bytes: Range = { min: 1, max: 2 ** 34 };
const upToMinutes: Range = { min: 0, max: 600_000 };

/** Every figure of a profile, and what it may be. Whole numbers, but for rates and the times of small operations. */
const figureRanges = {
  ram: {
    /** What the application may use. */
    usableBytes: bytes,
    /** What the firmware takes before it connects. */
    firmwareBytes: bytes,
    /** What one TLS session takes. */
    tlsBytes: { min: 0, max: 2 ** 34 },
    /** The largest MQTT message that can be received, and sent. */
    mqttBufferBytes: bytes,
    /** How much of an image is downloaded, verified and written at a time. */
    segmentBytes: bytes,
  },
  flash: {
    /** One firmware slot; there are two. */
    slotBytes: bytes,
    /** What is erased at once. */
    sectorBytes: bytes,
    /** What is programmed at once. */
    pageBytes: bytes,
    eraseSectorMs: upToMinutes,
    programPageMs: upToMinutes,
    readBytesPerMs: bytes,
    enduranceErases: { min: 1, max: 2 ** 31 },
  },
  cpu: { digestBytesPerMs: bytes },
  link: {
    downloadBytesPerMs: { min: 0.01, max: 1_000_000 },
    /** From the request of a segment to its first byte. */
    latencyMs: upToMinutes,
  },
  boot: {
    /** From reset to the application's first instruction. */
    loaderMs: upToMinutes,
    /** From there until it connects. */
    applicationMs: upToMinutes,
    /** What the self-test takes before the service is asked. */
    selfTestMs: upToMinutes,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Range>>>>;

type Figures = {
  readonly [Group in keyof typeof figureRanges]: {
    readonly [Name in keyof (typeof figureRanges)[Group]]: number;
  };
};

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

/** How long one download, erase or program of so much takes. */
export function durations({ flash, link, cpu }: HardwareProfile): {
  readonly download: (size: number) => DurationMs;
  readonly digest: (size: number) => DurationMs;
  readonly readBack: (size: number) => DurationMs;
} {
  return {
    download: (size) => link.latencyMs + size / link.downloadBytesPerMs,
    digest: (size) => size / cpu.digestBytesPerMs,
    readBack: (size) => size / flash.readBytesPerMs + size / cpu.digestBytesPerMs,
  };
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
  for (const [name, { min, max }] of Object.entries(ranges)) {
    const figure = group[name];
    const at = `${path}.${name}`;
    const { value, source } = isJsonObject(figure) ? figure : {};
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      problems.push({ path: `${at}.value`, message: `must be a number from ${min} to ${max}` });
    } else if (typeof source !== 'string' || source === '') {
      problems.push({ path: `${at}.source`, message: 'must say where the value comes from, or `assumed`' });
    } else {
      figures[name] = value;
      sources.push({ path: at, value, source });
    }
  }
  return figures;
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

function findContradictions(profile: HardwareProfile, problems: ProfileProblem[]): void {
  const { ram, flash } = profile;
  const claims: readonly (readonly [boolean, string, string])[] = [
    [flash.sectorBytes % flash.pageBytes === 0, 'flash.sectorBytes', 'must be a multiple of flash.pageBytes'],
    [flash.slotBytes % flash.sectorBytes === 0, 'flash.slotBytes', 'must be a multiple of flash.sectorBytes'],
    // A segment that shared a sector with its neighbour would erase it.
    [ram.segmentBytes % flash.sectorBytes === 0, 'ram.segmentBytes', 'must be a multiple of flash.sectorBytes'],
    [freeForJobs(profile) > 0, 'ram.usableBytes', 'must hold the firmware, a TLS session and two MQTT buffers'],
  ];
  for (const [holds, path, message] of claims) if (!holds) problems.push({ path, message });
}
