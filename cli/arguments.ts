/**
 * Command-line values, checked: each parser returns the value or throws with a text that commander prints behind the flag's
 * name. Shared options are here so that they read the same on every verb.
 */
import { InvalidArgumentError, Option } from 'commander';
import type { NodeAddress } from '../broker/cluster/node-links.ts';
import { originOf } from '../broker/net/web-guard.ts';
import { parseAccessKey } from './access-keys.ts';
import { type Advertised, parseAdvertised } from '../broker/addresses.ts';

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

/** A whole number between the two limits, both allowed. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A number above 0 and at most `max`. */
function positiveNumber(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0 && value <= max)) {
      throw new InvalidArgumentError(`Must be a number above 0, at most ${max}.`);
    }
    return value;
  };
}

export function port(text: string): number | 'off' {
  if (text === 'off') return text;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) {
    throw new InvalidArgumentError('Must be a port number, 0 for a free one, or off.');
  }
  return value;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `5m`, `1h`; in milliseconds. */
export function duration(text: string): number {
  const [, figure, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(figure) * (unitMs[unit] ?? NaN);
  if (!(value > 0)) throw new InvalidArgumentError('Must be a time like 500ms, 30s, 5m or 1h.');
  return value;
}

/** `200` or `200/s`. */
export function rate(text: string): number {
  return positiveNumber(100_000)(text.replace(/\/s$/, ''));
}

/** One more of possibly several. */
export function collect(text: string, others: readonly string[] = []): readonly string[] {
  return [...others, text];
}

export function matching(pattern: RegExp, what: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new InvalidArgumentError(`Must be ${what}.`);
    return text;
  };
}

/** An origin of web pages, one more of possibly several. */
export function origin(text: string, others: readonly string[] = []): readonly string[] {
  const parsed = originOf(text);
  if (parsed === undefined) throw new InvalidArgumentError('Must be an origin like https://example.com:8443.');
  return [...others, parsed];
}

/** `ID:SECRET`, one more of possibly several. */
export function accessKey(
  text: string,
  others: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const key = parseAccessKey(text);
  if (key === undefined) throw new InvalidArgumentError('Must be ID:SECRET.');
  return { ...others, [key[0]]: key[1] };
}

/** `host:port`; @param least port: 0 where a free one is meant by it */
export function nodeAddress(least: 0 | 1): (text: string) => NodeAddress {
  return (text) => {
    const [, six, four, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/@]+)):(\d{1,5})$/.exec(text) ?? [];
    const host = six ?? four;
    if (host === undefined || Number(digits) < least || Number(digits) > 65_535) {
      throw new InvalidArgumentError('Must be like 10.0.0.5:7400.');
    }
    return { host, port: Number(digits) };
  };
}

/** One more of possibly several, also with commas. */
export function nodeAddresses(text: string, others: readonly NodeAddress[] = []): readonly NodeAddress[] {
  return [...others, ...text.split(',').map(nodeAddress(1))];
}

export function advertised(text: string): Advertised {
  const place = parseAdvertised(text);
  if (place === undefined) throw new InvalidArgumentError('Must be a host name or an address, or HOST:PORT.');
  return place;
}

export function mqttUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol) || url.hostname === '') {
    throw new InvalidArgumentError('Must be a URL like mqtt://127.0.0.1:1883, mqtts://…, ws://… or wss://….');
  }
  return text;
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
