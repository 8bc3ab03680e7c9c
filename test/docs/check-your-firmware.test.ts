/**
 * docs/check-your-firmware.md: which claims can be seen is what the judge says when it is shown what an outside device shows, and no
 * more; the flags, placeholders and members that the page names exist; and action.yml and the Dockerfile call jobrig as it is.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { checkCommand } from '../../cli/check.ts';
import type { Kind, Observation } from '../../observation/observation.ts';
import { show } from '../../observation/observers.ts';
import { placeholderNames } from '../../rig/live/check/equipment.ts';
import { limitsOf, portraitOf } from '../../rig/live/check/portrait.ts';
import { selectScenarios } from '../../rig/live/scenario-files.ts';
import { claims } from '../../rig/verdict/claims.ts';
import { type ClaimId, type Sight, claimIds } from '../../rig/verdict/contract.ts';
import { createJudge } from '../../rig/verdict/judge.ts';
import { limitsWith } from '../../rig/verdict/limits.ts';
import { play } from '../../rig/virtual/play.ts';
import { subjectsWith } from '../support/simulated.ts';
import { writtenPage } from '../support/written-page.ts';
import { testFolder } from '../support/folders.ts';

const page = 'docs/check-your-firmware.md';
const text = readFileSync(page, 'utf8');

/** What an outside device shows, where it has no hook and reports nothing in its shadow. */
const outside: ReadonlySet<Kind> = new Set<Kind>([
  'connecting',
  'connected',
  'connect-failed',
  'disconnected',
  'subscribed',
  'unsubscribed',
  'sent',
  'received',
  'delivered',
  'published',
  'pinged',
  'power',
  'execution',
  'download',
]);

const views: readonly { readonly name: string; readonly sights: readonly Sight[] }[] = [
  { name: 'wire', sights: [] },
  { name: 'and the shadow', sights: ['shadow'] },
  { name: 'and the witness', sights: ['witness'] },
];

/** A hook in the activation, as firmware would have it. */
function toldBeside(seen: Observation, sights: readonly Sight[]): readonly Observation[] {
  if (seen.kind !== 'execution' || seen.status !== 'SUCCEEDED') return [];
  const version = seen.statusDetails?.['version'];
  if (version === undefined) return [];
  const { at, thingName = '', execution } = seen;
  const head = { at, source: 'device', thingName } as const;
  const { jobId, executionNumber } = execution;
  return [
    ...(sights.includes('shadow') ? [{ ...head, kind: 'reported-version', version } as const] : []),
    ...(sights.includes('witness')
      ? [{ ...head, kind: 'witness', effect: 'activated', version, jobId, executionNumber } as const]
      : []),
  ];
}

/** By claim, the scenarios in which it was decided. */
function decided(sights: readonly Sight[]): ReadonlyMap<ClaimId, readonly string[]> {
  const found = new Map<ClaimId, string[]>(claimIds.map((id) => [id, []]));
  for (const scenario of selectScenarios(['pull-in-work', 'again-at-once', 'cut-after-recovery'])) {
    const played = play(scenario, subjectsWith(), { records: true });
    const thingName = played.findings[0]!.thingName;
    const shown = new Set<Sight>(['downloads', 'power', ...sights]);
    const judge = createJudge({
      thingName,
      sights: shown,
      limits: limitsOf(portraitOf([], '', ''), 8000, limitsWith()),
    });
    for (const seen of played.observations) {
      if (outside.has(seen.kind)) show(judge.observer, seen);
      for (const told of toldBeside(seen, sights)) show(judge.observer, told);
    }
    for (const { claim, outcome } of judge.conclude(played.endedAt)) {
      if (outcome !== 'not-observed') found.get(claim)!.push(scenario.id);
    }
  }
  return found;
}

function claimRows(): readonly string[] {
  const seen = views.map(({ sights }) => decided(sights));
  return [
    `| Claim | What it says | ${views.map(({ name }) => name).join(' | ')} |`,
    '| --- | --- | --- | --- | --- |',
    ...claimIds.map((id) => {
      const cells = seen.map((of) => (of.get(id)!.length > 0 ? 'yes' : 'no'));
      return `| ${id} | ${claims[id].name}: ${claims[id].statement} | ${cells.join(' | ')} |`;
    }),
  ];
}

const options: ReadonlySet<string | undefined> = new Set(checkCommand(() => {}).options.map(({ long }) => long));

describe(page, () => {
  it('has the table of claims that the judge makes true (vitest -u)', async () => {
    await expect(await writtenPage(page, text, { claims: claimRows })).toMatchFileSnapshot(`../../${page}`);
  });

  it('names only flags that there are, and every placeholder', () => {
    const commands = [...text.matchAll(/jobrig check[^`\n]*/g)].flatMap(([command]) => command.split(' -- ')[0] ?? '');
    const flags = commands.flatMap((command) => command.match(/--[a-z][a-z-]+/g) ?? []);
    expect(flags.length).toBeGreaterThan(10);
    expect(flags.filter((flag) => !options.has(flag))).toEqual([]);
    for (const name of placeholderNames) expect(text).toContain(`{${name}}`);
  });

  it('shows the example of the library as it is', () => {
    const [, shown = ''] = /```ts\n([^]*?)```/.exec(text) ?? [];
    const example = readFileSync('fixtures/own-tests/recovery.test.mts', 'utf8');
    for (const line of shown.split('\n').map((each) => each.trim())) expect(example).toContain(line);
    expect(shown).toContain('startDevice');
  });
});

interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly uses?: string;
      readonly shell?: string;
      readonly run?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly with?: Readonly<Record<string, unknown>>;
    }[];
  };
}

describe('action.yml', () => {
  const action = parse(readFileSync('action.yml', 'utf8')) as Action;
  const step = action.runs.steps.find(({ run }) => run !== undefined)!;

  it('is a composite action whose inputs are all used, and none else is', () => {
    expect(action.runs.using).toBe('composite');
    const used = [...JSON.stringify(action.runs).matchAll(/\$\{\{ inputs\.([a-z-]+) \}\}/g)].map(([, name]) => name);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    for (const { uses } of action.runs.steps) if (uses !== undefined) expect(uses).toMatch(/@v\d+$/);
  });

  it('hands words of inputs on as they are: no input stands in the script itself', () => {
    expect(step.shell).toBe('bash');
    expect(step.run).not.toContain('${{');
  });

  it('runs the check with these arguments, and ends as it ends', () => {
    const folder = testFolder();
    try {
      // In the place of npx: says what it was asked, and ends as the check would.
      writeFileSync(join(folder, 'npx'), '#!/bin/sh\nfor word; do echo "<$word>"; done\nexit 1\n', { mode: 0o755 });
      const inputs: Readonly<Record<string, string>> = {
        command: './my-agent --thing {thing}',
        arguments: '--document job.json --shard 1/4',
        version: '1.2.3',
        out: 'my report',
      };
      const environment = Object.fromEntries(
        Object.entries(step.env ?? {}).map(([name, value]) => [
          name,
          value.replace(/\$\{\{ inputs\.([a-z-]+) \}\}/, (_, input: string) => inputs[input] ?? ''),
        ]),
      );
      let ended: { status: number; stdout: string } = { status: 0, stdout: '' };
      try {
        execFileSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run ?? ''], {
          env: { ...environment, PATH: `${folder}:${process.env['PATH']}` },
          encoding: 'utf8',
        });
      } catch (error) {
        ended = error as typeof ended;
      }
      expect(ended.status).toBe(1);
      const words = ended.stdout
        .trim()
        .split('\n')
        .map((line) => line.slice(1, -1));
      expect(words.slice(0, 3)).toEqual(['--yes', 'jobrig@1.2.3', 'check']);
      expect(words.slice(words.indexOf('--') + 1)).toEqual(['./my-agent', '--thing', '{thing}']);
      expect(words[words.indexOf('--out') + 1]).toBe('my report');
      const flags = words.slice(3, words.indexOf('--')).filter((word) => word.startsWith('--'));
      expect(flags.filter((flag) => !options.has(flag))).toEqual([]);
    } finally {
    }
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync('Dockerfile', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  it('builds on a Node that jobrig runs on, and copies what there is', () => {
    const { engines, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly engines: { readonly node: string };
      readonly bin: Readonly<Record<string, string>>;
    };
    const [image = ''] = of('FROM');
    const version = Number(/^node:(\d+)/.exec(image)?.[1]);
    expect(version).toBeGreaterThanOrEqual(Number(/(\d+)/.exec(engines.node)?.[1]));
    for (const copied of of('COPY')) {
      for (const source of copied.split(' ').slice(0, -1)) expect(existsSync(resolve(source))).toBe(true);
    }
    expect(JSON.parse(of('ENTRYPOINT')[0] ?? '[]')).toEqual([Object.keys(bin)[0]]);
  });
});
