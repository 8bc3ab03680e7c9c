/**
 * `jobrig check` as its users run it: 60 scenarios on the plain MQTT.js agent, eight at once. What counts is the time by the clock,
 * the handshake before them, and the memory of the rig itself, without the agents. With fewer `--things`, as many scenarios.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FigureName, Measurement, Size } from '../figures.ts';
import { selectScenarios } from '../../rig/live/scenario-files.ts';
import { needsOf } from '../../rig/scenario/needs.ts';
import type { Need } from '../../rig/scenario/contract.ts';
import { spreadOf } from '../rounds.ts';

interface Sample {
  readonly wallMs: number;
  readonly handshakeMs: number;
  readonly residentKb: number;
  readonly survived: number;
}

const wanted = 60;
const atOnce = 8;
const lookEveryMs = 100;
/** What the plain agent cannot be put through. */
const beyond: ReadonlySet<Need> = new Set([
  'steps',
  'view',
  'battery',
  'memory',
  'device-clock',
  'stream',
  'namespace',
  'reboots',
  'virtual-time',
  'persistent-session',
]);

export async function measureCheck(
  { things, rounds }: Size,
  say: (text: string) => void,
): Promise<readonly Measurement[]> {
  const ids = selectScenarios([])
    .filter((scenario) => !needsOf(scenario).some((need) => beyond.has(need)))
    .slice(0, Math.min(wanted, things))
    .map(({ id }) => id);
  // A round takes a minute, and its figures move little.
  const samples: Sample[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    say(`${ids.length} scenarios, ${atOnce} at once`);
    samples.push(await checkOnce(ids));
  }
  const last = samples.at(-1)!;
  const measured = (figure: FigureName, value: (sample: Sample) => number, note: string): Measurement => ({
    figure,
    value: spreadOf(samples.map(value)),
    note,
    samples,
  });
  return [
    measured('check', ({ wallMs }) => wallMs / 1000, `${ids.length} scenarios, survived ${last.survived}`),
    measured('handshake', ({ handshakeMs }) => handshakeMs, 'boot, one plain job, one lost connection'),
    measured('checkMemory', ({ residentKb }) => residentKb, `at its peak, ${atOnce} lanes`),
  ];
}

async function checkOnce(ids: readonly string[]): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'jobrig-bench-'));
  try {
    const words = ['check', '--json', '--quiet', '--parallel', String(atOnce), '--out', folder];
    const scenarios = ids.flatMap((id) => ['--scenario', id]);
    const agent = [process.execPath, 'fixtures/agents/mqttjs/agent.mjs'];
    const startedAt = performance.now();
    const residentKb = await peakOf(['dist/cli/main.js', ...words, ...scenarios, '--', ...agent]);
    const wallMs = performance.now() - startedAt;
    const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as {
      readonly handshake: { readonly durationMs: number };
      readonly results: readonly { readonly runs: readonly { readonly verdict: string }[] }[];
    };
    const survived = run.results.filter(({ runs }) => runs.every(({ verdict }) => verdict === 'pass')).length;
    return { wallMs, handshakeMs: run.handshake.durationMs, residentKb, survived };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it to its end. @returns the largest resident set that was seen, in KB. Source: proc_pid_status(5), VmHWM. */
function peakOf(words: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  let peakKb = 0;
  const looking = setInterval(() => {
    try {
      const [, kb = ''] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      peakKb = Math.max(peakKb, Number(kb));
    } catch {
      // Just ended.
    }
  }, lookEveryMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(looking);
      if (code === 0 || code === 1) resolve(peakKb);
      else reject(new Error(`the check ended with ${code}`));
    });
  });
}
