/** The command that plays again what failed in a check: of the same device, which `--replay` alone does not know. */
import type { Option } from 'commander';
import type { CheckResult } from '../rig/live/check/check-result.ts';
import { shellWord } from '../rig/report/words.ts';

/** What is played, where its result goes and how it is told: a replay has its own. */
const ofOneRun: ReadonlySet<string> = new Set(
  (
    '--scenario --sweep --points --resume --last-failed --shard --replay --bail ' +
    '--out --junit --html --baseline --json --quiet --github --open --watch'
  ).split(' '),
);

/** @param words of the command line, from the verb on @param out the folder of the run */
export function replayCommand(words: readonly string[], options: readonly Option[], out: string): string {
  const end = words.indexOf('--');
  const own = end === -1 ? words.slice(1) : words.slice(1, end);
  const kept: string[] = [];
  for (let at = 0; at < own.length; at += 1) {
    const [name = '', inline] = own[at]!.split('=', 2);
    const takesNext = inline === undefined && options.find(({ long }) => long === name)?.required === true;
    const those = own.slice(at, takesNext ? at + 2 : at + 1);
    if (!ofOneRun.has(name)) kept.push(...those);
    at += those.length - 1;
  }
  const behind = end === -1 ? [] : words.slice(end);
  return ['npx jobrig check --replay', ...[out, ...kept, ...behind].map(shellWord)].join(' ');
}

/** As far as a run that was merged of others tells. */
export function replayOf({ subject }: CheckResult, out: string): string {
  const [, agent] = /^the simulated (\S+) agent/.exec(subject) ?? [];
  const [, thing] = /^the attached device (\S+)$/.exec(subject) ?? [];
  const device = agent !== undefined ? `--agent ${agent}` : thing !== undefined ? `--attach ${thing}` : `-- ${subject}`;
  return `npx jobrig check --replay ${shellWord(out)} ${device}`;
}

/** A run of somebody's firmware says nothing of an agent that nobody has asked for. @returns what is to be said then */
export function objectionToReplay(
  { subject }: CheckResult,
  flag: string,
  { kind, given }: { readonly kind: 'simulated' | 'program' | 'attached'; readonly given: ReadonlySet<string> },
): string | undefined {
  if (kind !== 'simulated' || given.has('agent') || subject.startsWith('the simulated ')) return undefined;
  return `${flag}: that run was of ${subject}: give it behind --, or with --attach; --agent plays it with a simulated one`;
}
