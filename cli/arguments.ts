/**
 * Command-line values, checked: each parser returns the value or throws with a text that commander prints behind the flag's
 * name. Shared options are here so that they read the same on every verb.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { NodeAddress } from '../broker/cluster/node-links.ts';
import { isSecure } from '../agent/endpoint.ts';
import { longestTimerMs } from '../protocol/time.ts';
import { originOf } from '../broker/net/web-guard.ts';
import { type AccessKeys, parseAccessKey } from './access-keys.ts';
import { parseAdvertised } from '../broker/addresses.ts';

/** Of simulated things: their names are this and 1…N. */
export function prefixOption(): Option {
  return new Option('--prefix <text>', 'thing names are this and 1…N')
    .default('thing-')
    .argParser(matching(/^[a-zA-Z0-9:_-]{1,120}$/, '1 to 120 of a-z A-Z 0-9 : _ -'));
}

/** @param byDefault where that is not 500 a second */
export function connectRateOption(byDefault?: string): Option {
  const option = new Option('--connect-rate <n/s>', `connections opened in a second${byDefault ?? ''}`).argParser(rate);
  return byDefault === undefined ? option.default(500) : option;
}

/** @param what it must be @param read gives nothing for what it is not */
export function argument<Value>(what: string, read: (text: string) => Value | undefined): (text: string) => Value {
  return (text) => {
    const value = read(text);
    if (value === undefined) throw new InvalidArgumentError(`Must be ${what}.`);
    return value;
  };
}

/** One more of possibly several. */
export function several<Value>(read: (text: string) => Value) {
  return (text: string, others: readonly Value[] = []): readonly Value[] => [...others, read(text)];
}

export const collect = several((text) => text);

export function matching(pattern: RegExp, what: string): (text: string) => string {
  return argument(what, (text) => (pattern.test(text) ? text : undefined));
}

/** A whole number between the two limits, both allowed. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return argument(`a whole number from ${min} to ${max}`, (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
  });
}

/** How many, or as many as this machine has cores for. */
export function countOrAuto(max: number): (text: string) => number | 'auto' {
  return (text) => (text === 'auto' ? text : wholeNumber(1, max)(text));
}

/** `2/4`, at most so many parts. */
export function partOfWhole(most: number, what: string) {
  return argument(what, (text) => {
    const [, index = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
    return index >= 1 && index <= of && of <= most ? { index, of } : undefined;
  });
}

/** A number above 0 and at most `max`. */
function positiveNumber(max: number): (text: string) => number {
  return argument(`a number above 0, at most ${max}`, (text) => {
    const value = Number(text);
    return /^(?:\d+\.?\d*|\.\d+)$/.test(text) && value > 0 && value <= max ? value : undefined;
  });
}

export const port = argument<number | 'off'>('a port number, 0 for a free one, or off', (text) => {
  if (text === 'off') return text;
  return /^\d+$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
});

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `5m`, `1h`; in milliseconds, as many as a timer can wait for. */
export const duration = argument('a time like 500ms, 30s, 5m or 1h, at most 596h', (text) => {
  const [, figure, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(figure) * (unitMs[unit] ?? NaN);
  return value > 0 && value <= longestTimerMs ? value : undefined;
});

/** `200` or `200/s`. */
export function rate(text: string): number {
  return positiveNumber(100_000)(text.replace(/\/s$/, ''));
}

/** Of web pages. */
export const origin = several(argument('an origin like https://example.com:8443', originOf));

const oneAccessKey = argument('ID:SECRET', parseAccessKey);

/** `ID:SECRET`, one more of possibly several. */
export function accessKey(text: string, others: AccessKeys = {}): AccessKeys {
  const [id, secret] = oneAccessKey(text);
  return { ...others, [id]: secret };
}

/** `host:port`; @param least port: 0 where a free one is meant by it */
export function nodeAddress(least: 0 | 1): (text: string) => NodeAddress {
  return argument('like 10.0.0.5:7400', (text) => {
    const [, six, four, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/@]+)):(\d{1,5})$/.exec(text) ?? [];
    const host = six ?? four;
    const isPort = Number(digits) >= least && Number(digits) <= 65_535;
    return host !== undefined && isPort ? { host, port: Number(digits) } : undefined;
  });
}

/** One more of possibly several, also with commas. */
export function nodeAddresses(text: string, others: readonly NodeAddress[] = []): readonly NodeAddress[] {
  return [...others, ...text.split(',').map(nodeAddress(1))];
}

export const advertised = argument('a host name or an address, or HOST:PORT', parseAdvertised);

const mqttExamples = 'a URL like mqtt://127.0.0.1:1883, mqtts://…, ws://…/mqtt or wss://…/mqtt, without a user name';
export const mqttUrl = argument(mqttExamples, (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || `${url.username}${url.password}${url.hash}` !== '') return undefined;
  const isBare = `${url.pathname.replace(/^\/$/, '')}${url.search}` === '';
  return ['ws:', 'wss:'].includes(url.protocol) || (['mqtt:', 'mqtts:'].includes(url.protocol) && isBare)
    ? text
    : undefined;
});

export function certsOption(): Option {
  return new Option(
    '--certs <dir>',
    'for mqtts and wss: folder with ca.pem and, for each thing, THING.cert.pem and THING.key.pem, or any.cert.pem and any.key.pem for all',
  );
}

/** Certificates that nobody would ask for, in one line. */
export function objectionToCerts(certs: string | undefined, endpoint: string | undefined): string | undefined {
  return certs === undefined || (endpoint !== undefined && isSecure(endpoint))
    ? undefined
    : `--certs ${certs}: certificates go with --endpoint mqtts://… or wss://…`;
}

/** The flags that stand on the command line, by the names that they have in code. */
export function writtenFlags(verb: Command): ReadonlySet<string> {
  const names = verb.options.map((option) => option.attributeName());
  return new Set(names.filter((name) => verb.getOptionValueSource(name) === 'cli'));
}

/** @param name that it has in code */
export function spelledFlag(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export interface CommonOptions {
  readonly json?: true;
  readonly quiet?: true;
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON object on stdout and nothing else there');
}

export function quietOption(what = 'no progress'): Option {
  return new Option('--quiet', what);
}

export function seedOption(): Option {
  return new Option('--seed <n>', 'seed of everything that is left to chance')
    .default(1)
    .argParser(wholeNumber(0, 2 ** 32 - 1));
}

export function timeScaleOption(byDefault: number): Option {
  return new Option('--time-scale <x>', 'run device and service time x times as fast as real time')
    .default(byDefault)
    .argParser(positiveNumber(10_000));
}

/** Fleet and service in one process stop at about 9,900 things for want of file descriptors. */
export function thingsOption(byDefault: number, max: number): Option {
  return new Option('--things <n>', 'number of simulated devices').default(byDefault).argParser(wholeNumber(1, max));
}
