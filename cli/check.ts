/**
 * `jobrig check`: the verdict on a device, ours or somebody else's. Reads the flags, runs the check, and tells it: line by line
 * while it runs, grouped by cause at the end, and as files for people and machines. What is checked, and how, is rig/live/check.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { version } from '../package/package.ts';
import { present } from '../protocol/json.ts';
import { isThingName } from '../protocol/names.ts';
import { type CheckResult, verdictOfCheck } from '../rig/live/check/check-result.ts';
import { checkJson } from '../rig/report/check-summary.ts';
import { checkJunit } from '../rig/report/check-junit.ts';
import { closingLines } from '../rig/report/check-terminal.ts';
import { githubAnnotations, githubSummary } from '../rig/report/github.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { agentOption } from './agent.ts';
import type { SimulatedSubject } from './beside.ts';
import {
  argument,
  collect,
  duration,
  jsonOption,
  matching,
  port,
  quietOption,
  seedOption,
  wholeNumber,
  writtenFlags,
} from './arguments.ts';
import { openOption } from './browser.ts';
import { applyBaseline, readBaseline, writeBaseline } from './check-baseline.ts';
import { type KeptCheck, compareWithRun, readKept, withEarlierPulls } from './check-runs.ts';
import { type CheckFlags, mustFit } from './check-flags.ts';
import { type Invocation, perform } from './check-perform.ts';
import { objectionToReplay, replayCommand } from './check-replay.ts';
import { exitCodeOf, exitCodes, usageError } from './exit.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { interruptedBy, interruptible } from './interruption.ts';
import { keptOrNot, openFolderOf, openOutput, writeFileOf, writeOutput } from './output-folder.ts';
import { readAgent } from '../rig/live/agents.ts';
import { selectScenarios } from '../rig/live/scenario-files.ts';
import { chooseShard, mustOnlyList, printScenarios, shard } from './scenarios.ts';
import { watchProgram } from './watch-program.ts';

const ofThing = argument('a thing name (1 to 128 of a-z A-Z 0-9 : _ -)', (name) =>
  isThingName(name) ? name : undefined,
);

export function checkCommand(finish: (exitCode: number) => void): Command {
  return new Command('check')
    .description(
      'Does a device recover when its job is taken away? Checks a program, an attached device, or a simulated agent.',
    )
    .argument('[command...]', 'the agent to check and its arguments, behind --')
    .option('--attach <thing>', 'wait for a device that connects by itself, as this thing', ofThing)
    .addOption(agentOption())
    .addOption(hardwareOption('esp32-s3'))
    .option('--list', 'name the scenarios, with what they need, and do nothing else')
    .addOption(
      new Option('--scenario <id|file|dir>', 'only these; repeatable, * in an id stands for anything')
        .argParser(collect)
        .default([], 'all'),
    )
    .option('--sweep', 'pull the job at every moment that the wire shows')
    .option('--points <n>', 'with --sweep: further moments between', wholeNumber(0, 10_000), 20)
    .option('--resume', 'with --sweep: go on where --out was broken off')
    .option(
      '--document <file>',
      'the job document that the device understands, with {url}, {version}, {size}, {sha256}, {signature}, {witness}, {stream}; afr-ota: those of FreeRTOS OTA',
    )
    .option('--image <file>', 'the bytes behind {url}')
    .option('--canary <file>', 'another document for the job that must succeed in the end')
    .option(
      '--namespace <ns>',
      'the job namespace that the device listens to',
      matching(/^[a-zA-Z0-9_-]{1,64}$/, '1 to 64 letters, digits, _ or -'),
    )
    .option('--template <file>', 'a file with placeholders, written to {state} first; repeatable', collect, [])
    .option('--thing <name>', 'the thing name for every scenario', ofThing)
    .option(
      '--client-id <id>',
      'what {client-id} stands for; default: the thing name',
      matching(/^[^\s/$+#][^/$+#]{0,127}$/, '1 to 128 characters without / $ + #'),
    )
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
    .option('--mqtt-port <port>', 'default: a free one', port)
    .option('--mqtts-port <port>', 'default: a free one', port)
    .option('--https-port <port>', 'default: off; where it is open, {url} leads there', port)
    .option('--parallel <n>', 'scenarios at once', wholeNumber(1, 256), 1)
    .option('--repeat <n>', 'each scenario so often: races are rates', wholeNumber(1, 10_000), 1)
    .option('--last-failed', 'only what failed in the run in --out')
    .option('--shard <i/n>', 'only this part of the scenarios', shard)
    .option('--baseline <file>', 'failures listed there do not fail the check; made when it is missing')
    .option('--bail', 'end with the first failure')
    .option('--watch', 'check again whenever the program changes')
    .option('--replay <run>', 'play again what failed in a run: fixed, still fails, not reproduced')
    .option('--settle <time>', 'time allowed to recover; default: from the device’s own pace', duration)
    .option('--timeout <time>', 'time allowed for a scenario', duration)
    .option('--out <dir>', 'where run.json, index.html, junit.xml and failing scenarios are written', 'jobrig-report')
    .option('--junit <file>', 'another place for the JUnit file')
    .option('--html <file>', 'another place for the page')
    .option('--github', 'annotations and a job summary; by itself in GitHub Actions')
    .addOption(seedOption())
    .addOption(jsonOption())
    .addOption(openOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      `
Placeholders in the command and in templates, beside the environment (JOBRIG_THING_NAME, …):
  {thing} {client-id} {mqtt-host} {mqtt-port} {mqtts-port} {ws-url} {http-url} {ca} {cert} {key} {signer-cert} {state} {witness-url}

Examples:
  $ jobrig check -- node fixtures/agents/mqttjs/agent.mjs
  $ jobrig check --document job.json --parallel 4 -- ./my-agent --thing {thing} --port {mqtts-port} --key {key}
  $ jobrig check --document afr-ota -- node fixtures/agents/mqttjs/styled-agent.mjs afr-ota
  $ jobrig check --attach pump-7 --mqtts-port 8883 --power-off './relay off' --power-on './relay on'
`,
    )
    .action(async (command: readonly string[], flags: CheckFlags, verb: Command) => {
      const given = writtenFlags(verb);
      const { rawArgs } = verb.parent as unknown as { readonly rawArgs: readonly string[] };
      const behind = rawArgs.slice(rawArgs.indexOf('--')).length - 1;
      if (rawArgs.includes('--') && behind < command.length) {
        throw usageError(`${command[0]}: the command and its arguments stand behind --, and nothing of it before`);
      }
      const kind = command.length > 0 ? 'program' : flags.attach === undefined ? 'simulated' : 'attached';
      const replay = replayCommand(rawArgs, verb.options, flags.out);
      finish(await interruptible((signal) => check({ kind, command, flags, given, signal }, replay)));
    });
}

/** @param replay the command that plays again what fails */
async function check(invocation: Invocation, replay: string): Promise<number> {
  const { kind, command, flags, given: written, signal } = invocation;
  if (flags.list === true) {
    mustOnlyList(written, command);
    printScenarios(flags.scenario, flags.json === true);
    return exitCodes.ok;
  }
  if (command.length > 0 && flags.attach !== undefined)
    throw usageError('--attach and a command behind -- exclude each other');
  mustFit(kind, written, flags);
  const kept = flags.replay === undefined ? undefined : await readKept(flags.replay);
  const lastFailed = flags.lastFailed === true ? await readKept(flags.out) : undefined;
  const wanted = kept ?? lastFailed;
  if (wanted !== undefined && wanted.failed.length === 0) {
    process.stdout.write(`nothing failed in ${wanted.path}: there is nothing to play again\n`);
    return exitCodes.ok;
  }
  const objection = wanted && objectionToReplay(wanted.result, kept ? '--replay' : '--last-failed', invocation);
  if (objection !== undefined) throw usageError(objection);
  const resumed = flags.resume === true ? await readKept(flags.out) : undefined;
  const chosen = chooseShard(scenariosOf(flags, wanted), flags.shard);
  const baseline = flags.baseline === undefined ? undefined : readBaseline(flags.baseline);
  // Before anything is made.
  const simulated =
    kind === 'simulated' ? { agent: readAgent(flags.agent), hardware: readHardware(flags.hardware) } : undefined;
  openOutput(flags.out);
  for (const [flag, file] of [
    ['--junit', flags.junit],
    ['--html', flags.html],
    ['--baseline', flags.baseline],
  ] as const) {
    if (file !== undefined) openFolderOf(flag, file);
  }
  const runOnce = async (): Promise<number> => {
    const played = await perform(invocation, chosen, resumed?.swept);
    const result = resumed === undefined ? played : withEarlierPulls(played, resumed.result);
    const judged = baseline === undefined ? result : applyBaseline(result, baseline);
    if (flags.baseline !== undefined && baseline === undefined) writeBaseline(flags.baseline, result);
    await tell(judged, flags, simulated, replay);
    if (kept !== undefined) process.stderr.write(`${compareWithRun(kept, result).join('\n')}\n`);
    const isFirst = flags.baseline !== undefined && baseline === undefined;
    return interruptedBy(signal) ?? (isFirst ? exitCodes.ok : exitCodeOf(verdictOfCheck(judged)));
  };
  if (flags.watch !== true) return runOnce();
  const { document, canary, image, template, scenario } = flags;
  const given = [
    ...command,
    ...template,
    ...scenario,
    ...[document, canary, image].filter((file) => file !== undefined).filter((file) => file !== 'afr-ota'),
  ];
  return watchProgram(given, signal, runOnce);
}

/** What failed before is played as it was then, but for scenarios of the same id that the user names or that come with jobrig. */
function scenariosOf(flags: CheckFlags, wanted: KeptCheck | undefined): readonly Scenario[] {
  const { scenario, replay } = flags;
  if (wanted === undefined) return flags.sweep === true && scenario.length === 0 ? [] : selectScenarios(scenario);
  const failed = new Set(wanted.failed.map((one) => one.id));
  const now = replay === undefined ? selectScenarios(scenario).filter(({ id }) => failed.has(id)) : [];
  if (scenario.length > 0) return now;
  return wanted.failed.map((one) => now.find(({ id }) => id === one.id) ?? one);
}

async function tell(
  result: CheckResult,
  flags: CheckFlags,
  subject: SimulatedSubject | undefined,
  command: string,
): Promise<void> {
  const { writeReport } = await import('./check-report.ts');
  const { out, seed, json } = flags;
  const { kept: page, failure } = keptOrNot(() => {
    const report = writeReport(out, result, { command, subject });
    const junit = checkJunit(result);
    writeOutput(out, 'junit.xml', junit);
    if (flags.junit !== undefined) writeFileOf('--junit', flags.junit, junit);
    if (flags.html !== undefined) writeFileOf('--html', flags.html, report.text);
    return report.page;
  });
  const text = json
    ? JSON.stringify(checkJson(result, { jobrig: version, seed }))
    : closingLines(result, { command, ...present({ page }) }).join('\n');
  process.stdout.write(`${text}\n`);
  if (failure !== undefined) throw failure;
  if (flags.github === true || process.env['GITHUB_ACTIONS'] === 'true') await tellGithub(result, flags);
}

async function tellGithub(result: CheckResult, flags: CheckFlags): Promise<void> {
  const annotations = githubAnnotations(result);
  const output = flags.json === true ? process.stderr : process.stdout;
  for (const line of annotations) output.write(`${line}\n`);
  const summary = process.env['GITHUB_STEP_SUMMARY'] ?? join(flags.out, 'summary.md');
  await appendFile(summary, githubSummary(result)).catch(() => {});
}
