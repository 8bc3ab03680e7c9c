/**
 * `jobrig load`: a measured run of thousands of things against a service of its own or any MQTT endpoint. Reads flags, shows
 * progress, prints the result; the run itself is rig/load's business.
 */
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { version } from '../package/package.ts';
import { present } from '../protocol/json.ts';
import { mostProcesses, processesFor, refuseTooMany } from '../rig/load/capacity.ts';
import type { LoadShape, Pacing, ShapeDeed } from '../rig/load/contract.ts';
import type { LoadRequest } from '../rig/load/load-request.ts';
import { type Threshold, figuresInWords, judgeThresholds, parseThreshold } from '../rig/load/figures.ts';
import { verdictOfLoad } from '../rig/load/verdict.ts';
import { loadShape } from '../rig/load/shapes.ts';
import {
  type CommonOptions,
  certsOption,
  countOrAuto,
  duration,
  jsonOption,
  connectRateOption,
  mqttUrl,
  objectionToCerts,
  partOfWhole,
  prefixOption,
  quietOption,
  rate,
  seedOption,
  timeScaleOption,
  wholeNumber,
} from './arguments.ts';
import { complain, exitCodeOf, usageError } from './exit.ts';
import { readHardware } from './hardware.ts';
import { Interruption, interruptible } from './interruption.ts';
import { showLoad } from './load-progress.ts';
import { loadText } from './load-summary.ts';
import { keptOrNot, openOutput } from './output-folder.ts';
import { createProgress } from './progress.ts';
import { keepLoad } from './load-runs.ts';
import { shellWord } from '../rig/report/words.ts';

interface LoadFlags
  extends CommonOptions, Pick<LoadRequest, 'prefix' | 'transport' | 'endpoint' | 'certs' | 'slice' | 'seed'> {
  readonly shape: string;
  readonly things?: number;
  readonly executions?: number;
  readonly updates?: number;
  readonly window?: number;
  readonly rate?: number;
  readonly duration?: number;
  readonly connectRate?: number;
  readonly hardware: string;
  readonly processes: number | 'auto';
  readonly threshold?: readonly Threshold[];
  readonly metricsPort?: number;
  readonly out?: string;
  readonly timeScale: number;
}

export function loadCommand(finish: (exitCode: number) => void): Command {
  return new Command('load')
    .description('Measure a service with thousands of things that run real job lifecycles.')
    .option(
      '--shape <name|file>',
      'what happens: rollout, reconnect-storm, mass-delete, throttled, idle, churn',
      'rollout',
    )
    .option('--things <n>', 'how many (default: the shape’s, 1000)', wholeNumber(1, 1_000_000))
    .addOption(prefixOption())
    .option('--executions <m>', 'for each thing (default: the shape’s, 1)', wholeNumber(1, 1000))
    .option('--updates <k>', 'progress reports of an execution (default: 3)', wholeNumber(0, 1000))
    .addOption(
      new Option('--window <w>', 'closed loop: executions in flight (default: 64)')
        .argParser(wholeNumber(1, 1_000_000))
        .conflicts('rate'),
    )
    .option('--rate <n/s>', 'open loop: executions that begin in a second, whatever becomes of them', rate)
    .option('--duration <time>', 'executions begin for so long, e.g. 30s', duration)
    .addOption(connectRateOption(' (default: the shape’s, 500)'))
    .option('--hardware <none|name|mix>', 'with the hardware model: a profile, mix or a file of your own', 'none')
    .addOption(timeScaleOption(1))
    .addOption(
      new Option('--transport <way>', 'how things reach the service').choices(['tcp', 'in-process']).default('tcp'),
    )
    .option(
      '--processes <n|auto>',
      'of the fleet, and as many doors of the service beside its engine',
      countOrAuto(mostProcesses),
      'auto',
    )
    .option('--endpoint <url>', 'the fleet alone, against mqtt, mqtts, ws or wss', mqttUrl)
    .addOption(certsOption())
    .option(
      '--slice <i/n>',
      'only this part of the things; jobrig merge puts the runs together',
      partOfWhole(9999, 'I/N, e.g. 2/8'),
    )
    .option('--threshold <figure>', 'e.g. update.p99<50ms; exit 1 when it does not hold; repeatable', threshold)
    .option('--metrics-port <p>', 'Prometheus figures on this port of 127.0.0.1', wholeNumber(0, 65_535))
    .option('--out <dir>', 'where run.json and index.html are written')
    .addOption(seedOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', `\nFigures of --threshold:\n${figuresInWords.map((line) => `  ${line}\n`).join('')}`)
    .addHelpText('after', "\nExample:\n  $ jobrig load --things 5000 --threshold 'update.p99<50ms' --out load-report\n")
    .action(async (flags: LoadFlags, { parent }: Command) => {
      const words = (parent as unknown as { readonly rawArgs: readonly string[] }).rawArgs;
      finish(await interruptible((signal) => load(flags, commandOf(words), signal)));
    });
}

async function load(flags: LoadFlags, command: string, signal: AbortSignal): Promise<number> {
  const { transport, endpoint, threshold: thresholds = [], out, seed } = flags;
  const shape = withFlags(loadShape(flags.shape), flags);
  const objection = objectionTo(flags, shape);
  if (objection !== undefined) throw usageError(objection);
  const profiles = flags.hardware === 'none' ? undefined : readHardware(flags.hardware);
  const asked = {
    things: flags.slice === undefined ? shape.given.things : Math.ceil(shape.given.things / flags.slice.of),
    transport,
    ...(endpoint !== undefined && { endpoint }),
  };
  const { fleet, doors } = processesFor(flags.processes, asked);
  refuseTooMany({ ...asked, processes: fleet, doors, withHardware: profiles !== undefined });
  if (out !== undefined) openOutput(out);
  const { runLoad } = await import('../rig/load/run-load.ts');
  const { firmwareDocument } = await import('../rig/load/job-document.ts');
  await using metrics = flags.metricsPort === undefined ? undefined : await openMetrics(flags.metricsPort, flags);
  const progress = createProgress(flags.quiet === true);
  showLoad(progress, { act: 'starting', connected: 0, succeeded: 0, exchangesPerSecond: 0, failures: 0 });
  const run = await runLoad({
    jobrig: version,
    command,
    seed,
    shape,
    pacing: pacingOf(flags, shape),
    prefix: flags.prefix,
    hardwareName: flags.hardware,
    ...(profiles && { hardware: { profiles, document: firmwareDocument() } }),
    timeScale: flags.timeScale,
    transport,
    processes: fleet,
    doors,
    signal,
    onProgress: (told) => showLoad(progress, told),
    onService: (pageUrl) => !flags.quiet && progress.say(`live page at ${pageUrl}`, 'stderr'),
    ...(metrics && { onTally: metrics.tell }),
    ...(flags.duration !== undefined && { durationMs: flags.duration }),
    ...present({ endpoint, certs: flags.certs }),
    ...(flags.slice && { slice: flags.slice }),
  });
  const judged = judgeThresholds(run, thresholds);
  if (out !== undefined) progress.show('writing the report', '');
  const { kept: page, failure } = keptOrNot(() => (out === undefined ? undefined : keepLoad(out, run, judged)));
  progress.done();
  process.stdout.write(`${loadText(flags, run, judged, page)}\n`);
  if (failure !== undefined) throw failure;
  if (signal.reason instanceof Interruption) {
    const what = run.partial === undefined ? ' when all was done: the whole result' : ': the result so far';
    complain(`${signal.reason.message}${what} is ${out === undefined ? 'above' : `in ${join(out, 'run.json')}`}`);
    return signal.reason.exitCode;
  }
  if (run.partial !== undefined) complain(`ended early: ${run.partial}`);
  return exitCodeOf(verdictOfLoad(run, judged));
}

/** What a person pastes to measure the same again. */
function commandOf(words: readonly string[]): string {
  const quoted = words.filter((word) => word !== '--json' && word !== '--quiet').map(shellWord);
  return ['npx jobrig', ...quoted].join(' ');
}

async function openMetrics(port: number, { quiet }: LoadFlags) {
  const { serveMetrics } = await import('../rig/load/metrics.ts');
  const metrics = await serveMetrics(port);
  if (quiet !== true) process.stderr.write(`metrics at ${metrics.url}\n`);
  return metrics;
}

function withFlags(shape: LoadShape, flags: LoadFlags): LoadShape {
  const { given } = shape;
  return {
    ...shape,
    given: {
      ...given,
      things: flags.things ?? given.things,
      executions: flags.executions ?? given.executions,
      work: { ...given.work, updates: flags.updates ?? given.work.updates },
      connectRate: flags.connectRate ?? given.connectRate,
      ...(flags.duration !== undefined && { durationMs: flags.duration }),
    },
    // A flag is meant for every rollout of the script.
    script: shape.script.map((entry) => ({
      ...entry,
      deeds: entry.deeds.map((deed) => {
        if (deed.do !== 'rollout') return deed;
        const { window: _window, ...rest } = deed;
        const { updates: _updates, ...work } = deed.work;
        const isPaced = flags.window !== undefined || flags.rate !== undefined;
        return { ...(isPaced ? rest : deed), work: flags.updates === undefined ? deed.work : work };
      }),
    })),
  };
}

function pacingOf({ window, rate: perSecond }: LoadFlags, { given }: LoadShape): Pacing {
  if (perSecond !== undefined) return { kind: 'rate', perSecond };
  return { kind: 'window', window: window ?? given.window };
}

/** Flags that do not go together, in one line. */
function objectionTo(flags: LoadFlags, shape: LoadShape): string | undefined {
  const { endpoint, transport, hardware, processes: wanted, slice: part } = flags;
  const things = flags.things ?? shape.given.things;
  if (endpoint !== undefined && transport === 'in-process') {
    return '--transport in-process: an --endpoint is reached over the network';
  }
  if (part !== undefined && part.of > things)
    return `--slice ${part.index}/${part.of}: there are only ${things} things`;
  const own = Math.floor(things / (part?.of ?? 1));
  if (typeof wanted === 'number' && wanted > own) return `--processes ${wanted}: there are only ${own} things`;
  const deeds = shape.script.flatMap((entry) => entry.deeds);
  const useless = uselessFlag(flags, shape, deeds);
  if (useless !== undefined) return useless;
  const unasked = objectionToCerts(flags.certs, endpoint);
  if (unasked !== undefined) return unasked;
  if (hardware !== 'none' && (flags.rate !== undefined || flags.updates !== undefined)) {
    return `--hardware ${hardware}: a simulated board takes its own time and reports as its agent does, so --rate and --updates go with none`;
  }
  if (endpoint === undefined) return undefined;
  const operated = deeds.find((deed) => deed.do === 'cancel-job' || deed.do === 'delete-job');
  if (operated !== undefined || shape.given.faults.faults.length > 0) {
    return `--shape ${shape.id}: it ${operated === undefined ? 'has faults of the service' : 'takes jobs away'}, which needs a service of its own, not --endpoint`;
  }
  if (flags.rate !== undefined || flags.window !== undefined) {
    return '--window and --rate pace the jobs of a service of its own; at an --endpoint its operator does';
  }
  if (flags.updates !== undefined) {
    return `--updates ${flags.updates}: at an --endpoint the document of the job says how many, and its operator writes that`;
  }
  return undefined;
}

/** A flag that would do nothing is refused, because who gives it expects something of it. */
function uselessFlag(flags: LoadFlags, { id, repeats }: LoadShape, deeds: readonly ShapeDeed[]): string | undefined {
  const rollouts = deeds.filter((deed) => deed.do === 'rollout');
  for (const [name, value] of writtenOf(flags, 'rate', 'window', 'updates', 'executions')) {
    if (rollouts.length === 0) return `--${name} ${value}: --shape ${id} rolls out no job`;
  }
  const isPaced = rollouts.length === 0 || rollouts.some(({ by }) => by === 'joining');
  for (const [name, value] of writtenOf(flags, 'rate', 'window')) {
    if (!isPaced) return `--${name} ${value}: in --shape ${id} the service rolls out (by: service), at its own pace`;
  }
  if (flags.executions !== undefined && flags.duration !== undefined && !repeats) {
    return `--executions ${flags.executions} and --duration exclude each other: executions begin until the time is over, or so many for each thing`;
  }
  if (flags.timeScale !== 1 && flags.hardware === 'none') {
    return `--time-scale ${flags.timeScale}: it is of simulated boards, and --hardware is none`;
  }
  const needs = {
    notify: flags.rate === undefined ? '--rate' : '',
    get: flags.hardware === 'none' ? '--hardware' : '',
  };
  for (const { expression, name } of flags.threshold ?? []) {
    if (name === 'memory.servicePeakBytes' && flags.endpoint !== undefined) {
      return `--threshold '${expression}': whoever runs the service at --endpoint knows its memory`;
    }
    if (name === 'memory.fleetPeakBytes' && flags.transport === 'in-process') {
      return `--threshold '${expression}': with --transport in-process service and fleet share their memory`;
    }
    const needed = needs[name.split('.')[0] as keyof typeof needs];
    if (needed) return `--threshold '${expression}': there is no such figure without ${needed}`;
  }
  return undefined;
}

/** Those of these flags that were given, with their values. */
function writtenOf(flags: LoadFlags, ...names: readonly (keyof LoadFlags)[]): readonly (readonly [string, string])[] {
  return names.flatMap((name) => (flags[name] === undefined ? [] : [[name, String(flags[name])] as const]));
}

function threshold(text: string, others: readonly Threshold[] = []): readonly Threshold[] {
  const parsed = parseThreshold(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(parsed);
  return [...others, parsed];
}
