/**
 * `jobrig check`: the verdict on a device, ours or somebody else's. Reads the flags, runs the check, and tells it: line by line
 * while it runs, grouped by cause at the end, and as files for people and machines. What is checked, and how, is rig/live/check.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { CheckOptions } from '../rig/live/check/run-check.ts';
import type { CheckEvent } from '../rig/live/check/run-check.ts';
import { type CheckResult, verdictOfCheck } from '../rig/live/check/check-result.ts';
import { checkJson } from '../rig/report/check-summary.ts';
import { checkJunit } from '../rig/report/check-junit.ts';
import { closingLines, diagnosisLines, portraitLines, scenarioLine, sweepLine } from '../rig/report/check-terminal.ts';
import { githubAnnotations, githubSummary } from '../rig/report/github.ts';
import { agentOption } from './agent.ts';
import {
  type CommonOptions,
  duration,
  jsonOption,
  matching,
  port,
  quietOption,
  seedOption,
  wholeNumber,
} from './arguments.ts';
import { applyBaseline, readBaseline, writeBaseline } from './check-baseline.ts';
import { compareWithRun, keepRun, readKept } from './check-runs.ts';
import { checkSimulated } from './check-simulated.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { hardwareOption } from './hardware.ts';
import { Interruption } from './exit.ts';
import { interruptible } from './interruption.ts';
import { openOutput, writeOutput } from './output-folder.ts';
import { createProgress } from './progress.ts';
import { type Shard, chooseShard, listScenarios, selectScenarios, shard } from './scenarios.ts';
import { usageError } from './usage-error.ts';
import { version } from './version.ts';
import { watchProgram } from './watch-program.ts';

export interface CheckFlags extends CommonOptions {
  readonly attach?: string;
  readonly agent: string;
  readonly hardware: string;
  readonly seed: number;
  readonly list?: true;
  readonly scenario: readonly string[];
  readonly sweep?: true;
  readonly points: number;
  readonly resume?: true;
  readonly document?: string;
  readonly image?: string;
  readonly canary?: string;
  readonly namespace?: string;
  readonly template: readonly string[];
  readonly thing?: string;
  readonly clientId?: string;
  readonly console?: string;
  readonly power?: 'none';
  readonly powerOff?: string;
  readonly powerOn?: string;
  readonly restart: 'on-exit' | 'never';
  readonly reset?: string;
  readonly host?: string;
  readonly mqttPort?: number | 'off';
  readonly mqttsPort?: number | 'off';
  readonly httpsPort?: number | 'off';
  readonly parallel: number;
  readonly repeat: number;
  readonly lastFailed?: true;
  readonly shard?: Shard;
  readonly baseline?: string;
  readonly bail?: true;
  readonly watch?: true;
  readonly replay?: string;
  readonly settle?: number;
  readonly timeout?: number;
  readonly out: string;
  readonly junit?: string;
  readonly html?: string;
  readonly github?: true;
}

const collect = (text: string, others: readonly string[]): readonly string[] => [...others, text];

export function checkCommand(finish: (exitCode: number) => void): Command {
  return new Command('check')
    .description(
      'Does a device recover when its job is taken away? Checks a program, an attached device, or a simulated agent.',
    )
    .argument('[command...]', 'the agent to check and its arguments, behind --')
    .option('--attach <thing>', 'wait for a device that connects by itself, as this thing')
    .addOption(agentOption())
    .addOption(hardwareOption('esp32-s3'))
    .option('--list', 'name the scenarios, with what they need, and do nothing else')
    .addOption(
      new Option('--scenario <id|file|dir>', 'only these; repeatable, * in an id stands for anything')
        .argParser(collect)
        .default([], 'all'),
    )
    .option('--sweep', 'pull the job at every moment that the wire shows')
    .addOption(
      new Option('--points <n>', 'with --sweep: further moments between').default(20).argParser(wholeNumber(0, 10_000)),
    )
    .option('--resume', 'with --sweep: go on where --out was broken off')
    .option(
      '--document <file>',
      'the job document that the device understands, with {url}, {version}, {size}, {sha256}, {witness}, {stream}',
    )
    .option('--image <file>', 'the bytes behind {url}')
    .option('--canary <file>', 'another document for the job that must succeed in the end')
    .addOption(
      new Option('--namespace <ns>', 'the job namespace that the device listens to').argParser(
        matching(/^[a-zA-Z0-9_-]{1,64}$/, '1 to 64 letters, digits, _ or -'),
      ),
    )
    .addOption(
      new Option('--template <file>', 'a file with placeholders, written to {state} first; repeatable')
        .argParser(collect)
        .default([]),
    )
    .addOption(
      new Option('--thing <name>', 'the thing name for every scenario').argParser(
        matching(/^[a-zA-Z0-9:_-]{1,128}$/, 'a thing name'),
      ),
    )
    .option('--client-id <id>', 'what {client-id} stands for; default: the thing name')
    .option('--console <cmd>', 'prints what the board prints, e.g. a serial monitor')
    .addOption(new Option('--power <how>', 'none: the power of the device is never cut').choices(['none']))
    .option('--power-off <cmd>', 'takes the power from the board')
    .option('--power-on <cmd>', 'gives it back')
    .addOption(
      new Option('--restart <rule>', 'when the program ends by itself')
        .choices(['on-exit', 'never'])
        .default('on-exit'),
    )
    .option('--reset <cmd>', 'brings the device to its first state, before each scenario')
    .option('--host <address>', 'where the service listens; default 127.0.0.1')
    .addOption(new Option('--mqtt-port <port>', 'default: a free one').argParser(port))
    .addOption(new Option('--mqtts-port <port>', 'default: a free one').argParser(port))
    .addOption(new Option('--https-port <port>', 'default: off; where it is open, {url} leads there').argParser(port))
    .addOption(new Option('--parallel <n>', 'scenarios at once').default(1).argParser(wholeNumber(1, 256)))
    .addOption(
      new Option('--repeat <n>', 'each scenario so often: races are rates')
        .default(1)
        .argParser(wholeNumber(1, 10_000)),
    )
    .option('--last-failed', 'only what failed in the run in --out')
    .addOption(new Option('--shard <i/n>', 'only this part of the scenarios').argParser(shard))
    .option('--baseline <file>', 'failures listed there do not fail the check; made when it is missing')
    .option('--bail', 'end with the first failure')
    .option('--watch', 'check again whenever the program changes')
    .option('--replay <run>', 'play again what failed in a run: fixed, still fails, not reproduced')
    .addOption(
      new Option('--settle <time>', 'time allowed to recover; default: from the device’s own pace').argParser(duration),
    )
    .addOption(new Option('--timeout <time>', 'time allowed for a scenario').argParser(duration))
    .option('--out <dir>', 'where run.json, index.html, junit.xml and failing scenarios are written', 'jobrig-report')
    .option('--junit <file>', 'another place for the JUnit file')
    .option('--html <file>', 'another place for the page')
    .option('--github', 'annotations and a job summary; by itself in GitHub Actions')
    .addOption(seedOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      `
Placeholders in the command and in templates, beside the environment (JOBRIG_THING_NAME, …):
  {thing} {client-id} {mqtt-host} {mqtt-port} {mqtts-port} {ws-url} {http-url} {ca} {cert} {key} {state} {witness-url}

Examples:
  $ jobrig check -- node fixtures/agents/mqttjs/agent.mjs
  $ jobrig check --document job.json --parallel 4 -- ./my-agent --thing {thing} --port {mqtts-port} --key {key}
  $ jobrig check --attach pump-7 --mqtts-port 8883 --power-off './relay off' --power-on './relay on'
`,
    )
    .action(async (command: readonly string[], flags: CheckFlags) => {
      finish(await interruptible((signal) => check(command, flags, signal)));
    });
}

async function check(command: readonly string[], flags: CheckFlags, signal: AbortSignal): Promise<number> {
  if (flags.list === true) return list(flags);
  mustFit(command, flags);
  openOutput(flags.out);
  const kept = flags.replay === undefined ? undefined : await readKept(flags.replay);
  const lastFailed = flags.lastFailed === true ? await readKept(flags.out) : undefined;
  const wanted = kept ?? lastFailed;
  if (wanted !== undefined && wanted.failed.length === 0) {
    process.stdout.write(`nothing failed in ${wanted.path}: there is nothing to play again\n`);
    return exitCodes.ok;
  }
  const chosen = chooseShard(selectScenarios(flags.scenario, wanted?.failed), flags.shard);
  const baseline = flags.baseline === undefined ? undefined : readBaseline(flags.baseline);
  const runOnce = async (): Promise<number> => {
    const result = await perform(command, flags, chosen, signal);
    const judged = baseline === undefined ? result : applyBaseline(result, baseline);
    if (flags.baseline !== undefined && baseline === undefined) await writeBaseline(flags.baseline, result);
    await tell(judged, flags);
    if (kept !== undefined) process.stderr.write(`${compareWithRun(kept, result).join('\n')}\n`);
    const { reason } = signal as { readonly reason: unknown };
    if (signal.aborted && reason instanceof Interruption) return reason.exitCode;
    return flags.baseline !== undefined && baseline === undefined ? exitCodes.ok : exitCodeOf(verdictOfCheck(judged));
  };
  return flags.watch === true ? watchProgram(command, signal, runOnce) : runOnce();
}

function list(flags: CheckFlags): number {
  const scenarios = selectScenarios(flags.scenario);
  process.stdout.write(flags.json ? `${JSON.stringify(scenarios)}\n` : `${listScenarios(scenarios)}\n`);
  return exitCodes.ok;
}

/** @throws what does not go together */
function mustFit(command: readonly string[], flags: CheckFlags): void {
  const { attach, powerOff, powerOn, console: watched, resume, sweep, watch, power } = flags;
  if (command.length > 0 && attach !== undefined)
    throw usageError('--attach and a command behind -- exclude each other');
  if ((powerOff === undefined) !== (powerOn === undefined)) throw usageError('--power-off and --power-on go together');
  if (power === 'none' && powerOff !== undefined) throw usageError('--power none and --power-off exclude each other');
  if (watched !== undefined && attach === undefined)
    throw usageError('--console is for a device that is attached; what a program prints is seen anyway');
  if (resume === true && sweep !== true) throw usageError('--resume goes with --sweep');
  if (watch === true && command.length === 0) throw usageError('--watch needs a command behind --');
}

async function perform(
  command: readonly string[],
  flags: CheckFlags,
  scenarios: CheckOptions['scenarios'],
  signal: AbortSignal,
): Promise<CheckResult> {
  if (command.length === 0 && flags.attach === undefined) return checkSimulated(flags, scenarios, signal);
  // Loaded when wanted: the AWS SDK and the broker take a second, which `--help` should not.
  const { runCheck } = await import('../rig/live/check/run-check.ts');
  const progress = createProgress(flags.quiet === true);
  const done = flags.resume === true ? (await readKept(flags.out)).swept : undefined;
  const { host, mqttPort, mqttsPort, httpsPort, attach, thing, powerOff, powerOn } = flags;
  const thingName = attach ?? thing;
  const result = await runCheck({
    name: attach === undefined ? command.join(' ') : `the attached device ${attach}`,
    subject: attach === undefined ? { kind: 'program', command, restart: flags.restart } : { kind: 'attached' },
    scenarios,
    commands: {
      ...(powerOff !== undefined && { off: powerOff }),
      ...(powerOn !== undefined && { on: powerOn }),
      ...(flags.console !== undefined && { console: flags.console }),
      ...(flags.power === 'none' && { none: true as const }),
    },
    ...given(flags, ['reset', 'clientId', 'namespace', 'document', 'canary', 'image']),
    ...(thingName !== undefined && { thingName }),
    templates: flags.template,
    ...(host !== undefined && { host }),
    ports: {
      ...(mqttPort !== undefined && { mqttPort }),
      ...(mqttsPort !== undefined && { mqttsPort }),
      ...(httpsPort !== undefined && { httpsPort }),
    },
    parallel: flags.parallel,
    repeat: flags.repeat,
    ...(flags.bail === true && { bail: true }),
    ...(flags.settle !== undefined && { settleMs: flags.settle }),
    ...(flags.timeout !== undefined && { timeoutMs: flags.timeout, handshakeMs: flags.timeout }),
    ...(flags.sweep === true && { sweep: { points: flags.points, ...(done && { done }) } }),
    onEvent: reporter(flags, progress),
    signal,
  });
  progress.done();
  return result;
}

function given(
  flags: CheckFlags,
  names: readonly (keyof CheckFlags)[],
): Partial<Pick<CheckOptions, 'reset' | 'clientId' | 'namespace' | 'document' | 'canary' | 'image'>> {
  return Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}

/** Says what happens as it happens: lines for people on stderr where stdout is for JSON, else on stdout. */
function reporter(flags: CheckFlags, progress: ReturnType<typeof createProgress>): (event: CheckEvent) => void {
  const say = (line: string): void => progress.say(line, flags.json === true ? 'stderr' : 'stdout');
  let planned = 0;
  let ended = 0;
  const running = new Set<string>();
  const show = (): void => progress.show(`${ended} of ${planned}`, [...running].join(', '));
  return (event) => {
    if (flags.quiet === true && event.kind !== 'failed-handshake' && event.kind !== 'ended') return;
    switch (event.kind) {
      case 'ready':
        progress.show(
          'handshake: one plain job',
          event.isAttached ? `waiting for ${event.thingName} at ${event.endpoints}` : event.thingName,
        );
        if (event.isAttached) say(`waiting for the thing ${event.thingName} at ${event.endpoints}`);
        return;
      case 'portrait':
        return portraitLines(event.portrait).forEach(say);
      case 'failed-handshake':
        return diagnosisLines(event.diagnosis).forEach(say);
      case 'planned':
        planned = event.scenarios + event.moments;
        return show();
      case 'started':
        running.add(event.id);
        return show();
      case 'ended':
        running.delete(event.run.scenario.id);
        if (event.run.verdict !== 'skip') ended += 1;
        say(scenarioLine({ scenario: event.run.scenario, runs: [event.run] }));
        return show();
      case 'swept':
        running.delete(event.point.run.scenario.id);
        ended += 1;
        say(sweepLine(event.point));
        show();
    }
  };
}

async function tell(result: CheckResult, flags: CheckFlags): Promise<void> {
  const { checkPage } = await import('../rig/report/check-page.ts');
  const page = checkPage(result);
  const junit = checkJunit(result);
  await keepRun(flags.out, result);
  const index = await writeOutput(flags.out, 'index.html', page);
  await writeOutput(flags.out, 'junit.xml', junit);
  if (flags.junit !== undefined) await writeOutput('.', flags.junit, junit);
  if (flags.html !== undefined) await writeOutput('.', flags.html, page);
  if (flags.json === true)
    process.stdout.write(`${JSON.stringify(checkJson(result, { jobrig: version, seed: flags.seed }))}\n`);
  else process.stdout.write(`${closingLines(result, { out: flags.out, page: index }).join('\n')}\n`);
  if (flags.github === true || process.env['GITHUB_ACTIONS'] === 'true') await tellGithub(result, flags);
}

async function tellGithub(result: CheckResult, flags: CheckFlags): Promise<void> {
  const annotations = githubAnnotations(result);
  const output = flags.json === true ? process.stderr : process.stdout;
  for (const line of annotations) output.write(`${line}\n`);
  const summary = process.env['GITHUB_STEP_SUMMARY'] ?? join(flags.out, 'summary.md');
  await appendFile(summary, githubSummary(result)).catch(() => {});
}
