/**
 * The flags of `jobrig check`, and which of them go together: what only one kind of subject can have, what needs another flag,
 * and what contradicts itself. A flag that would do nothing is refused, because who gives it expects something of it.
 */
import type { CheckOptions } from '../rig/live/check/run-check.ts';
import { type CommonOptions, spelledFlag } from './arguments.ts';
import type { Shard } from './scenarios.ts';
import { usageError } from './exit.ts';

/** What a check is told as the flags say it. */
type Told = Pick<
  CheckOptions,
  'document' | 'image' | 'canary' | 'namespace' | 'clientId' | 'reset' | 'host' | 'bail' | 'parallel' | 'repeat'
>;

export interface CheckFlags extends CommonOptions, Told {
  readonly attach?: string;
  readonly agent: string;
  readonly hardware: string;
  readonly seed: number;
  readonly list?: true;
  readonly scenario: readonly string[];
  readonly sweep?: true;
  readonly points: number;
  readonly resume?: true;
  readonly template: readonly string[];
  readonly thing?: string;
  readonly console?: string;
  readonly power?: 'none';
  readonly powerOff?: string;
  readonly powerOn?: string;
  readonly restart: 'on-exit' | 'never';
  readonly mqttPort?: number | 'off';
  readonly mqttsPort?: number | 'off';
  readonly httpsPort?: number | 'off';
  readonly parallel: number;
  readonly lastFailed?: true;
  readonly shard?: Shard;
  readonly baseline?: string;
  readonly watch?: true;
  readonly replay?: string;
  readonly settle?: number;
  readonly timeout?: number;
  readonly open?: true;
  readonly out: string;
  readonly junit?: string;
  readonly html?: string;
  readonly github?: true;
}

/** What is checked. */
export type SubjectKind = 'program' | 'attached' | 'simulated';

type Flag = Exclude<keyof CheckFlags, 'json' | 'quiet'>;

interface Rule {
  readonly flag: Flag;
  readonly for: readonly SubjectKind[];
  /** What to know or to do instead; behind a colon. */
  readonly because: string;
}

const outside = ['program', 'attached'] as const;
const attach = 'it is for a device that comes by itself (--attach THING)';
const giveCommand = 'it is for a device from outside: give a command behind --, or --attach THING';

const rules: readonly Rule[] = [
  { flag: 'agent', for: ['simulated'], because: 'it chooses a simulated agent, and here another one is checked' },
  {
    flag: 'hardware',
    for: ['simulated'],
    because: 'it is what a simulated agent runs on, and here another one is checked',
  },
  { flag: 'console', for: ['attached'], because: `${attach}; what a program prints is seen anyway` },
  { flag: 'powerOff', for: ['attached'], because: `${attach}; a program's power is its process` },
  { flag: 'powerOn', for: ['attached'], because: `${attach}; a program's power is its process` },
  { flag: 'restart', for: ['program'], because: 'it is about a program behind --' },
  { flag: 'thing', for: ['program'], because: 'it names the thing of a program behind --' },
  { flag: 'watch', for: ['program'], because: 'it watches the files of a command behind --' },
  {
    flag: 'parallel',
    for: ['program', 'simulated'],
    because: 'there is one attached device, and it does one scenario at a time',
  },
  ...(
    [
      'document',
      'image',
      'canary',
      'namespace',
      'template',
      'clientId',
      'power',
      'reset',
      'host',
      'mqttPort',
      'mqttsPort',
      'httpsPort',
      'timeout',
      'open',
    ] as const
  ).map((flag): Rule => ({ flag, for: outside, because: giveCommand })),
  { flag: 'points', for: outside, because: 'a simulated agent is pulled at every moment anyway' },
];

/** Pairs of which the first is nothing without the second. */
const needs: readonly (readonly [Flag, Flag])[] = [
  ['powerOff', 'powerOn'],
  ['powerOn', 'powerOff'],
  ['resume', 'sweep'],
  ['points', 'sweep'],
];

const exclusive: readonly (readonly [Flag, Flag])[] = [
  ['power', 'powerOff'],
  ['replay', 'lastFailed'],
  ['replay', 'scenario'],
  ['replay', 'sweep'],
  ['replay', 'shard'],
  ['lastFailed', 'sweep'],
  // Its moments come up as it goes: each part would play all of them, and merge count them again.
  ['shard', 'sweep'],
  ['watch', 'resume'],
];

/**
 * @param given the flags that the user wrote
 * @throws what does not go together
 */
export function mustFit(kind: SubjectKind, given: ReadonlySet<string>, flags: CheckFlags): void {
  for (const rule of rules) {
    if (!given.has(rule.flag) || rule.for.includes(kind)) continue;
    throw usageError(`${spelledFlag(rule.flag)} does not go with ${kindWords[kind]}: ${rule.because}`);
  }
  for (const [flag, other] of exclusive) {
    if (given.has(flag) && given.has(other))
      throw usageError(`${spelledFlag(flag)} and ${spelledFlag(other)} exclude each other`);
  }
  for (const [flag, other] of needs) {
    if (given.has(flag) && !given.has(other))
      throw usageError(`${spelledFlag(flag)} goes with ${spelledFlag(other)} only`);
  }
  const fixed = (['mqttPort', 'mqttsPort', 'httpsPort'] as const).find((name) => Number(flags[name]) > 0);
  if (fixed !== undefined && flags.parallel > 1) {
    throw usageError(
      `--parallel ${flags.parallel} and ${spelledFlag(fixed)} ${flags[fixed]} exclude each other: scenarios side by side need a port each`,
    );
  }
}

const kindWords: Readonly<Record<SubjectKind, string>> = {
  program: 'a command behind --',
  attached: '--attach',
  simulated: 'a simulated agent',
};
