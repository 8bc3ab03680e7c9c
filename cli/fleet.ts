/**
 * `jobrig fleet`: simulated devices only, against any MQTT endpoint. Without one it starts a service of its own, with the
 * things created, and says where an operator finds it. Runs whatever jobs arrive.
 */
import { Command } from 'commander';
import { version } from '../package/package.ts';
import { thingNameOf } from '../agent/fleet-names.ts';
import { createBoard } from '../agent/board/board.ts';
import { EndpointWatch } from '../agent/endpoint-watch.ts';
import { silent } from '../agent/endpoint.ts';
import type { FleetCounters, FleetOptions } from '../agent/fleet.ts';
import type { Service } from '../broker/start-service.ts';
import type { FaultPlan } from '../faults/plan.ts';
import { createTally } from '../faults/tally.ts';
import type { FaultName } from '../faults/thing-faults.ts';
import { observeAll } from '../observation/observers.ts';
import { countWords, spanText } from '../rig/report/words.ts';
import { readAgent } from '../rig/live/agents.ts';
import { agentOption, sameDevices } from './agent.ts';
import {
  certsOption,
  duration,
  jsonOption,
  connectRateOption,
  mqttUrl,
  objectionToCerts,
  prefixOption,
  quietOption,
  seedOption,
  thingsOption,
  timeScaleOption,
} from './arguments.ts';
import type { CommonOptions } from './arguments.ts';
import { readCredentials } from '../rig/files/certificate-files.ts';
import { complain, exitCodes, usageError } from './exit.ts';
import { interruptedBy, interruptible, whenAborted } from './interruption.ts';
import { onlyPlain } from '../rig/live/own-service.ts';
import { faultsOption, mustHaveFaults, readFaults } from './faults.ts';
import { hardwareOption, readHardware } from './hardware.ts';
import { type Goal, createProgress } from './progress.ts';

interface FleetFlags
  extends CommonOptions, Required<Pick<FleetOptions, 'things' | 'prefix' | 'connectRate' | 'timeScale' | 'seed'>> {
  readonly endpoint?: string;
  readonly agent: string;
  readonly hardware: string;
  readonly duration?: number;
  readonly certs?: string;
  readonly faults?: string;
}

const mostThings = 19_000;
const region = 'us-east-1';
const progressEveryMs = 250;
/** An endpoint that takes connections and answers nothing is waited for so long; one with less time is judged by that, if it is enough. */
const answersWithinMs = 30_000;
const leastSilenceMs = 1000;
const groupName = 'jobrig-fleet';

export function fleetCommand(finish: (exitCode: number) => void): Command {
  return new Command('fleet')
    .description('Run simulated devices against an MQTT endpoint; they do whatever jobs arrive.')
    .option('--endpoint <url>', 'mqtt, mqtts, ws or wss (default: a service of its own)', mqttUrl)
    .addOption(thingsOption(10, mostThings))
    .addOption(prefixOption())
    .addOption(agentOption())
    .addOption(hardwareOption('esp32-s3'))
    .addOption(connectRateOption())
    .option('--duration <time>', 'how long to run, e.g. 30s (default: until Ctrl-C)', duration)
    .addOption(certsOption())
    .addOption(timeScaleOption(1))
    .addOption(seedOption())
    .addOption(faultsOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig fleet --endpoint mqtt://127.0.0.1:1883 --things 50 --duration 1m\n')
    .action(async (flags: FleetFlags) => {
      finish(await interruptible((signal) => fleet(flags, signal)));
    });
}

async function fleet(flags: FleetFlags, signal: AbortSignal): Promise<number> {
  const startedAt = new Date();
  const objection = objectionToCerts(flags.certs, flags.endpoint);
  if (objection !== undefined) throw usageError(objection);
  const hardware = readHardware(flags.hardware);
  const faults = flags.faults === undefined ? undefined : await readFaults(flags.faults);
  if (faults !== undefined && flags.endpoint !== undefined) {
    mustHaveFaults(flags.faults ?? '', faults, 'devices', 'which need a service of its own, not --endpoint');
  }
  const agent = readAgent(flags.agent);
  const { startFleet } = await import('../agent/fleet.ts');
  const names = Array.from({ length: flags.things }, (_, index) => thingNameOf(flags.prefix, index + 1));
  const credentials = flags.certs === undefined ? undefined : await readCredentials(flags.certs, names);
  await using own = flags.endpoint === undefined ? await ownService(flags, names, faults) : undefined;
  const progress = createProgress(flags.quiet === true);
  const tally = createTally();
  const hung: Hung[] = [];
  const watch = new EndpointWatch();
  own?.onFault(({ name }) => tally.add(name));
  const { things, prefix, connectRate, timeScale, seed } = flags;
  const endpoint = flags.endpoint ?? own?.mqttUrl ?? '';
  const act = `${things} devices on ${endpoint}`;
  let since = performance.now();
  const show = (counters: FleetCounters) =>
    progress.show(act, countersText(counters), timeLeft(flags.duration, performance.now() - since));
  progress.show(`connecting ${act}`, `${connectRate} a second`);
  await using devices = await startFleet({
    endpoint,
    onProgress: (counters) => counters.connected < things && progress.show(`connecting ${act}`, countersText(counters)),
    things,
    prefix,
    hardware,
    boardOf: (options) => createBoard({ ...options, agent }),
    connectRate,
    timeScale,
    seed,
    signal,
    observer: observeAll([
      watch.observer,
      {
        fault: ({ name }) => tally.add(name as FaultName),
        hung({ thingName: thing = '', after }) {
          hung.push({ thing, after });
          // It hangs in virtual time, too, where the scenario is told.
          const again = `npx jobrig simulate${sameDevices(flags)}`;
          if (!flags.quiet) progress.say(`✗ ${thing} hangs after ${after} (play it: ${again})`, 'stderr');
        },
      },
    ]),
    ...(faults && { faults }),
    ...(credentials && { credentialsOf: (thingName: string) => credentials.get(thingName) }),
  });
  since = performance.now();
  show(devices.counters());
  const isOver = new AbortController();
  const ticker = setInterval(() => {
    show(devices.counters());
    if (flags.endpoint !== undefined && (watch.silence()?.ms ?? 0) > answersWithinMs) isOver.abort();
  }, progressEveryMs);
  await whenAborted(AbortSignal.any([signal, isOver.signal]), flags.duration);
  clearInterval(ticker);
  progress.done();
  const silence = flags.endpoint === undefined || signal.aborted ? undefined : watch.silence();
  if (silence !== undefined && silence.ms > leastSilenceMs) throw silent(endpoint, silence.missing, silence.ms);
  const { connected } = devices.counters();
  if (connected < things && watch.lastLoss !== undefined)
    complain(`${things - connected} of ${things} devices are not connected (last, ${watch.lastLoss})`);
  print(flags, startedAt, { counters: devices.counters(), faults: tally.counts(), hung });
  return interruptedBy(signal) ?? (devices.counters().connected === things ? exitCodes.ok : exitCodes.failed);
}

/** Of the time that was asked for. */
function timeLeft(durationMs: number | undefined, passedMs: number): Goal | undefined {
  if (durationMs === undefined) return undefined;
  return { text: `${spanText(Math.max(0, durationMs - passedMs))} left`, share: passedMs / durationMs };
}

/** A service on free ports with the things created, for an operator to find. */
async function ownService(
  flags: FleetFlags,
  names: readonly string[],
  faults: FaultPlan | undefined,
): Promise<Service> {
  const { startService } = await import('../broker/start-service.ts');
  const { createThingsAt } = await import('../rig/load/load-service.ts');
  const service = await startService({ ...onlyPlain, region, timeScale: flags.timeScale, faults, seed: flags.seed });
  const { httpUrl = '' } = service;
  await createThingsAt(service.port, names, groupName);
  if (!flags.quiet)
    process.stderr.write(`service for operators: AWS_ENDPOINT_URL=${httpUrl}, thing group ${groupName}\n`);
  return service;
}

interface FleetResult {
  readonly counters: FleetCounters;
  readonly faults: Readonly<Record<string, number>>;
  /** Devices that did not return from a call. */
  readonly hung: readonly Hung[];
}

interface Hung {
  readonly thing: string;
  /** What it was given. */
  readonly after: string;
}

function print(flags: FleetFlags, startedAt: Date, { counters, faults, hung }: FleetResult): void {
  if (!flags.json) {
    process.stdout.write(`${countersText(counters)}\nfaults: ${countWords(faults) || 'none'}\n`);
    return;
  }
  const { connected, ...executions } = counters;
  const result = {
    jobrig: version,
    verb: 'fleet',
    seed: flags.seed,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    verdict: connected === flags.things ? 'pass' : 'fail',
    things: flags.things,
    connected,
    executions,
    faults,
    hung,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function countersText({ connected, succeeded, failed, rejected, pulled }: FleetCounters): string {
  return `${connected} connected · ${succeeded} succeeded · ${failed} failed · ${rejected} rejected · ${pulled} pulled`;
}
