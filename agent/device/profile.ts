/**
 * What kind of hardware a device is: the figures of figures.ts, each with its source, from a JSON object such as those in
 * `fixtures/hardware/`. The parser takes a decoded value and names every member that is wrong, or contradicts another;
 * reading files is not done here. A figure that nobody measured says `assumed` in its source, and reports list those.
 */
import { z } from 'zod';
import { type FormProblem, readForm } from '../../protocol/form.ts';
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

export type ParsedProfile =
  | { readonly ok: true; readonly value: HardwareProfile }
  | { readonly ok: false; readonly problems: readonly FormProblem[] };

const profileForm = z
  .strictObject(
    {
      name: z
        .string('must be 1 to 64 lower-case letters, digits and hyphens')
        .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits and hyphens'),
      description: z.string('must be a text'),
      ...mapValues(figureRanges, (ranges) =>
        z.strictObject(mapValues(ranges, figureForm), 'must be an object of figures'),
      ),
    },
    'must be an object',
  )
  .transform(profileFrom)
  .check(({ value, issues }) => {
    for (const [path, message] of contradictions(value)) {
      issues.push({ code: 'custom', path: path.split('.'), message, input: value });
    }
  });

/** Checks a decoded profile and names every member that is wrong, or contradicts another. */
export function parseHardwareProfile(value: unknown): ParsedProfile {
  return readForm(profileForm, value);
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

interface WrittenFigure {
  readonly value: number;
  readonly source: string;
}

function figureForm(range: Range): z.ZodType<WrittenFigure> {
  const whole = range.whole === true;
  const expected = `must be a ${whole ? 'whole number' : 'number'} from ${range.min} to ${range.max}`;
  const source = 'must say where the value comes from, or `assumed`';
  return z.preprocess(
    // A figure that is missing is told by its value, which is what has to be written.
    (figure) => figure ?? {},
    z.strictObject({
      value: (whole ? z.int(expected) : z.number(expected)).min(range.min, expected).max(range.max, expected),
      source: z.string(source).min(1, source),
    }),
  );
}

function mapValues<In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

type WrittenGroup = Readonly<Record<string, WrittenFigure>>;

/**
 * The profile as written has its figures with their sources; as used, each figure is a number, and the sources stand beside.
 * Member by member in the order of the table, so that all profiles have one shape: devices of several read them all the time.
 */
function profileFrom(written: Readonly<Record<string, unknown>>): HardwareProfile {
  const profile: Record<string, unknown> = { name: written['name'], description: written['description'] };
  const sources: FigureSource[] = [];
  for (const [group, ranges] of Object.entries(figureRanges)) {
    const figures: Record<string, number> = {};
    for (const name of Object.keys(ranges)) figures[name] = (written[group] as WrittenGroup)[name]!.value;
    profile[group] = figures;
    for (const [name, figure] of Object.entries(written[group] as WrittenGroup)) {
      sources.push({ path: `${group}.${name}`, ...figure });
    }
  }
  profile['sources'] = sources;
  // Every member was checked by the form, which the type checker cannot follow through the table.
  return profile as unknown as HardwareProfile;
}

/** What cannot be, although each figure alone could. */
function contradictions(profile: HardwareProfile): readonly (readonly [path: string, message: string])[] {
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
  return claims.flatMap(([holds, path, message]) => (holds ? [] : [[path, message] as const]));
}
