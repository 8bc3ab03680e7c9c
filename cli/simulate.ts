/**
 * `jobrig simulate`: every seed a different bad day, or scenarios by name, or a pull at every moment; all in virtual time, without
 * sockets. Plays one after the other, shows how far it is, and tells what broke: grouped by cause, the smallest scenario of each
 * written to a file that this same command plays.
 */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Scenario } from '../rig/scenario/contract.ts';
import { scenarioText } from '../rig/scenario/format/write.ts';
import { whySkipped } from '../rig/scenario/needs.ts';
import { drawScenario } from '../rig/scenario/swarm.ts';
import { tellScenario } from '../rig/scenario/tell.ts';
import type { Cause } from '../rig/virtual/causes.ts';
import { virtualOffer } from '../rig/virtual/offer.ts';
import { type Subjects, realSubjects } from '../rig/virtual/subjects.ts';
import { oddDocumentRuns, sweepRuns, sweptDocuments } from '../rig/virtual/sweep.ts';
import { readAgent } from '../rig/live/agents.ts';
import { agentOption, sameDevices } from './agent.ts';
import {
  type CommonOptions,
  collect,
  duration,
  jsonOption,
  quietOption,
  wholeNumber,
  writtenFlags,
} from './arguments.ts';
import { writeReport } from './check-report.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { interruptedBy, interruptible } from './interruption.ts';
import { present } from '../protocol/json.ts';
import { keptOrNot, openOutput, writeOutput } from './output-folder.ts';
import { type Progress, createProgress } from './progress.ts';
import { createBounded } from '../rig/live/bounded.ts';
import { selectScenarios } from '../rig/live/scenario-files.ts';
import type { PlayedPart, SimulationPart } from '../rig/live/simulation/parts.ts';
import { Players } from '../rig/live/simulation/players.ts';
import { Simulation } from '../rig/live/simulation/simulation.ts';
import { mustOnlyList, printScenarios } from './scenarios.ts';
import {
  type Account,
  type ScenarioOutcome,
  type ToldCause,
  type Totals,
  simulationJson,
  simulationText,
} from './simulate-report.ts';
import { shellWord } from '../rig/report/words.ts';
import { untilInterrupted } from '../rig/live/until-interrupted.ts';

interface SimulateFlags extends CommonOptions {
  readonly seeds: number;
  readonly seed?: number;
  readonly scenario?: readonly string[];
  readonly sweep?: true;
  readonly list?: true;
  readonly replay?: string;
  readonly things?: number;
  readonly agent: string;
  readonly hardware: string;
  readonly timeBudget?: number;
  readonly minimize: boolean;
  readonly out: string;
}

const mostSeeds = 100_000_000;
const mostThings = 1000;
const causesTold = 5;
const minimizingTrials = 300;

export function simulateCommand(finish: (exitCode: number) => void): Command {
  const notSeeds = ['seeds', 'seed', 'things'];
  return new Command('simulate')
    .description(
      'Run the service and simulated devices through bad days in virtual time: a different one for each seed, or scenarios.',
    )
    .option('--seeds <n>', 'run the seeds 1 to n', wholeNumber(1, mostSeeds), 1000)
    .addOption(
      new Option('--seed <n>', 'run this seed only')
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER))
        .conflicts('seeds'),
    )
    .option('--things <n>', 'number of devices (default: drawn from the seed)', wholeNumber(1, mostThings))
    .addOption(
      new Option(
        '--scenario <id|file|dir>',
        'play scenarios instead of seeds; repeatable, * in an id stands for anything',
      )
        .argParser(collect)
        .conflicts(notSeeds),
    )
    .addOption(
      new Option('--replay <file>', 'the same as --scenario with a file').conflicts([...notSeeds, 'scenario', 'sweep']),
    )
    .addOption(
      new Option('--sweep', 'pull the job at every moment of an update, crossed with what else may go wrong').conflicts(
        [...notSeeds, 'scenario'],
      ),
    )
    .option('--list', 'name the scenarios, with what they need, and do nothing else')
    .addOption(agentOption())
    .addOption(hardwareOption('mix'))
    .option('--time-budget <time>', 'stop after this, e.g. 30s', duration)
    .option('--minimize', 'make what fails as small as it gets (done by itself)', true)
    .option('--no-minimize', 'leave what fails as it was drawn')
    .option('--out <dir>', 'where the report and the scenarios of what fails are written', 'jobrig-seeds')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      'after',
      `
Example:
  $ jobrig simulate --seeds 5000
  $ jobrig simulate --scenario 'pull-*' --agent r01-retries-what-is-gone
  $ jobrig simulate --scenario my-scenarios/
  $ jobrig simulate --sweep
`,
    )
    .action(async (flags: SimulateFlags, verb: Command) => {
      finish(await interruptible((signal) => simulate(flags, writtenFlags(verb), signal)));
    });
}

async function simulate(flags: SimulateFlags, written: ReadonlySet<string>, signal: AbortSignal): Promise<number> {
  if (flags.list === true) {
    mustOnlyList(written);
    printScenarios(selectorsOf(flags) ?? [], flags.json === true);
    return exitCodes.ok;
  }
  const simulation = new Simulating(flags, signal);
  await simulation.run();
  const account = await simulation.account();
  const { kept: page, failure } = keptOrNot(() => simulation.keep(account.causes));
  const shown = { ...account, ...present({ page }) };
  process.stdout.write(flags.json ? simulationJson(shown) : simulationText(shown));
  if (failure !== undefined) throw failure;
  return interruptedBy(signal) ?? exitCodeOf(account.verdict);
}

function selectorsOf({ scenario, replay }: SimulateFlags): readonly string[] | undefined {
  return replay === undefined ? scenario : [replay];
}

class Simulating {
  readonly #flags: SimulateFlags;
  readonly #startedAt = new Date();
  readonly #startedAtMs = performance.now();
  readonly #hardware: readonly string[];
  readonly #subjects: Subjects;
  readonly #chosen: readonly Scenario[] | undefined;
  readonly #progress: Progress;
  readonly #simulation: Simulation;
  readonly #signal: AbortSignal;
  readonly #outcomes = new Map<Scenario, ScenarioOutcome>();
  readonly #totals: Totals = { runs: 0, executions: 0, simulatedMs: 0, deviceMs: 0, traceHash: '', faults: {} };

  constructor(flags: SimulateFlags, signal: AbortSignal) {
    this.#flags = flags;
    this.#signal = signal;
    const hardware = readHardware(flags.hardware);
    this.#hardware = hardware.map(({ name }) => name);
    this.#subjects = realSubjects(hardware, readAgent(flags.agent), createBounded());
    const selectors = selectorsOf(flags);
    this.#chosen = selectors === undefined ? undefined : selectScenarios(selectors);
    this.#progress = createProgress(flags.quiet === true);
    this.#simulation = new Simulation({
      subjects: this.#subjects,
      signal,
      ...(this.#isAlone
        ? { playing: { hashes: true } }
        : { players: { start: () => new Players({ hardware, agent: flags.agent }) } }),
      onTurn: ({ played, failed, telling }) =>
        telling === undefined
          ? this.#progress.show('simulating', `${played}${this.#ofHowMany()} · ${failed} failed`)
          : this.#progress.show('making it small', telling.failure.label),
    });
  }

  async run(): Promise<void> {
    await untilInterrupted(this.#signal, async () => {
      for await (const played of this.#simulation.play(this.#parts())) {
        this.#add(played);
        if (this.#wallMs >= (this.#flags.timeBudget ?? Infinity)) break;
      }
    });
    this.#progress.done();
  }

  async account(): Promise<Account> {
    const causes = this.#simulation.causes();
    const wallSeconds = this.#wallMs / 1000;
    const told = await this.#tell(causes.slice(0, causesTold));
    const { seed } = this.#flags;
    return {
      totals: this.#totals,
      seed: seed ?? 1,
      single: this.#totals.runs === 1,
      startedAt: this.#startedAt,
      wallSeconds,
      verdict: this.#verdict,
      isPartial: this.#signal.aborted,
      causes: told,
      untold: causes.slice(causesTold),
      ...(this.#chosen && { scenarios: this.#chosen.flatMap((one) => this.#outcomes.get(one) ?? []) }),
      replayOf: (failure) =>
        this.#command(failure.seed === undefined ? `--scenario ${failure.scenario.id}` : `--seed ${failure.seed}`),
    };
  }

  get #wallMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  get #verdict(): Account['verdict'] {
    const isEmpty = this.#totals.runs === 0 && this.#outcomes.size > 0;
    const { verdict } = this.#simulation;
    return isEmpty || (this.#signal.aborted && verdict === 'pass') ? 'inconclusive' : verdict;
  }

  *#parts(): Generator<SimulationPart> {
    const { seed, seeds, things, sweep } = this.#flags;
    for (const scenario of this.#chosen ?? []) {
      const skipped = whySkipped(scenario, virtualOffer);
      if (skipped === undefined) yield { label: scenario.id, scenario };
      else this.#outcomes.set(scenario, { scenario, verdict: 'skip', broke: [], reason: skipped, simulatedMs: 0 });
    }
    if (this.#chosen !== undefined) return;
    if (sweep === true) {
      const [hardware = ''] = this.#hardware.includes(this.#subjects.hardware)
        ? [this.#subjects.hardware]
        : this.#hardware;
      for (const scenario of oddDocumentRuns({ subjects: this.#subjects, hardware }))
        yield { label: scenario.id, scenario };
      for (const swept of sweptDocuments) {
        for (const { scenario } of sweepRuns({ subjects: this.#subjects, hardware, ...swept })) {
          yield { label: scenario.id, scenario };
        }
      }
      return;
    }
    const options = { hardware: this.#hardware, ...(things !== undefined && { things }) };
    for (let index = 0; index < (seed === undefined ? seeds : 1); index += 1) {
      const drawn = seed ?? index + 1;
      yield { label: `seed ${drawn}`, seed: drawn, scenario: drawScenario(drawn, options) };
    }
  }

  /** Of one run its hash is told. */
  get #isAlone(): boolean {
    const { sweep, seed, seeds } = this.#flags;
    return sweep !== true && (this.#chosen !== undefined || seed !== undefined || seeds === 1);
  }

  #ofHowMany(): string {
    const { seed, seeds, sweep } = this.#flags;
    if (this.#chosen !== undefined) return ` of ${this.#chosen.length} scenarios`;
    return sweep === true ? ' pulls' : ` of ${seed === undefined ? seeds : 1} seeds`;
  }

  #add({ part: { scenario }, outcome }: PlayedPart): void {
    const { executions, startedAt, endedAt, traceHash, faults, verdict, broke, reason } = outcome;
    const totals = this.#totals;
    const simulatedMs = endedAt - startedAt;
    totals.runs += 1;
    totals.executions += executions;
    totals.simulatedMs += simulatedMs;
    totals.deviceMs += simulatedMs * scenario.given.things.length;
    totals.traceHash = traceHash ?? '';
    for (const [kind, count] of Object.entries(faults)) totals.faults[kind] = (totals.faults[kind] ?? 0) + count;
    if (this.#chosen !== undefined) this.#outcomes.set(scenario, { scenario, verdict, broke, reason, simulatedMs });
  }

  async #tell(causes: readonly Cause[]): Promise<readonly ToldCause[]> {
    const { out, minimize } = this.#flags;
    if (causes.length === 0) return [];
    const trials = minimize && !this.#signal.aborted ? minimizingTrials : 0;
    const told =
      (await untilInterrupted(this.#signal, () => this.#simulation.tellAll(causes, trials))) ??
      (await this.#simulation.tellAll(causes, 0));
    this.#progress.done();
    return told.map(({ cause, run }) => {
      const file = join(out, `${run.scenario.id}.yaml`);
      return { cause, run, file, replay: this.#command(`--scenario ${shellWord(file)}`) };
    });
  }

  /** Writes what was found. @returns the page, where there is anything. @throws {OperationalError} `OUTPUT_UNWRITABLE` */
  keep(told: readonly ToldCause[]): string | undefined {
    if (told.length === 0) return undefined;
    const { out, hardware, agent } = this.#flags;
    openOutput(out);
    for (const { run } of told) writeOutput(out, `${run.scenario.id}.yaml`, fileText(run.scenario));
    const result = {
      subject: `${agent} agent, virtual time`,
      startedAt: this.#startedAt.getTime(),
      endedAt: Date.now(),
      results: told.map(({ run }) => ({ scenario: run.scenario, runs: [run] })),
      isPartial: this.#signal.aborted,
    };
    const subject = { hardware: readHardware(hardware), agent: readAgent(agent) };
    return writeReport(out, result, { verb: 'simulate', command: told[0]?.replay, subject }).page;
  }

  #command(what: string): string {
    const { things } = this.#flags;
    const ofThings = things === undefined || what.startsWith('--scenario') ? '' : ` --things ${things}`;
    return `npx jobrig simulate ${what}${ofThings}${sameDevices(this.#flags)}`;
  }
}

/** The scenario under the same in sentences, so that who opens the file reads first what happens. */
function fileText(scenario: Scenario): string {
  const sentences = tellScenario(scenario).map((sentence) => `#   ${sentence}\n`);
  return `# What happens:\n${sentences.join('')}${scenarioText(scenario)}`;
}
