/**
 * `jobrig serve`: a local AWS IoT Jobs for devices, SDKs and the AWS CLI, until Ctrl-C. What was accepted is kept in
 * a directory, with the certificate authority that devices trust, and is there again at the next start; unless `--memory`.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { ProcessesService } from '../broker/processes/start-processes.ts';
import type { ServiceOptions } from '../broker/start-service.ts';
import { parsePostgresAddress } from '../broker/store/postgres-address.ts';
import { OperationalError } from '../protocol/operational-error.ts';
import { caFileName } from '../rig/files/certificate-files.ts';
import {
  accessKey,
  advertised,
  countOrAuto,
  jsonOption,
  matching,
  nodeAddress,
  nodeAddresses,
  origin,
  port,
  quietOption,
  seedOption,
  timeScaleOption,
  wholeNumber,
} from './arguments.ts';
import type { CommonOptions } from './arguments.ts';
import { type AccessKeys, keysOfEnvironment, readAccessKeys } from './access-keys.ts';
import { exitCodes, usageError } from './exit.ts';
import { faultsOption, mustHaveFaults, readFaults } from './faults.ts';
import { interruptible, whenAborted } from './interruption.ts';
import { openInBrowser, openOption } from './browser.ts';
import { type LogLevel, logLevels } from './log-lines.ts';
import { type ServiceLog, openServiceLog } from './service-log.ts';
import { type RoleFlags, partOf } from './serve-role.ts';
import { tryIt } from './serve-example.ts';

const portFlags = ['mqttPort', 'mqttsPort', 'wsPort', 'wssPort', 'httpPort', 'httpsPort'] as const;
type PortFlag = (typeof portFlags)[number];

/** What a service is told as the flags say it: the first always, the others where they are given. */
type Told = Required<
  Pick<ServiceOptions, PortFlag | 'host' | 'account' | 'profile' | 'timeScale' | 'durability' | 'dataDir' | 'seed'>
> &
  Pick<ServiceOptions, 'region' | 'identity' | 'strict' | 'board' | 'advertise' | 'files'>;

interface ServeFlags extends CommonOptions, Told, RoleFlags {
  readonly packetRate: number;
  readonly requireAuth?: true;
  readonly accessKey?: AccessKeys;
  readonly accessKeyFile?: string;
  readonly allowOrigin?: readonly string[];
  readonly memory?: true;
  readonly faults?: string;
  readonly open?: true;
  readonly logLevel: LogLevel;
  readonly processes: number | 'auto';
}

/** Where the rig keeps what outlives a run. */
export const dataDirectory = '.jobrig';

const durabilities: readonly NonNullable<ServiceOptions['durability']>[] = ['fsync', 'write', 'off'];
const identities: readonly NonNullable<ServiceOptions['identity']>[] = ['client-id', 'username', 'certificate', 'open'];

export function serveCommand(finish: (exitCode: number) => void): Command {
  return new Command('serve')
    .description('Serve AWS IoT Jobs on this machine: MQTT for devices, the REST API for SDKs and the AWS CLI.')
    .option('--host <address>', 'address to listen on; beyond loopback only with --require-auth', '127.0.0.1')
    .addOption(portOption('--mqtt-port', 'MQTT', 1883))
    .addOption(portOption('--mqtts-port', 'MQTT over TLS', 8883))
    .addOption(portOption('--ws-port', 'MQTT over WebSocket', 8083))
    .addOption(portOption('--wss-port', 'MQTT over WebSocket over TLS, or by ALPN x-amzn-mqtt-ca', 8443))
    .addOption(portOption('--http-port', 'REST API and dashboard', 4510))
    .addOption(portOption('--https-port', 'REST API over TLS', 4511))
    .addOption(
      new Option(
        '--board',
        "AWS's own ports for firmware that has them compiled in: 443 for all over TLS, HTTPS too, and 8883",
      )
        .implies({ wssPort: 443, mqttsPort: 8883 })
        .conflicts('httpsPort'),
    )
    .option(
      '--advertise <host[:port]>',
      'how devices find this service, in signed URLs and endpoints (default: as each of them has come)',
      advertised,
    )
    .option(
      '--region <name>',
      'region in every ARN (default: that which a caller signs for)',
      matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region like us-east-1'),
    )
    .option('--account <id>', 'account in ARNs', matching(/^\d{12}$/, 'an account id of 12 digits'), '000000000000')
    .addOption(
      new Option(
        '--identity <rule>',
        'which thing a client is (default: by its certificate, without one the first thing that it speaks for)',
      ).choices(identities),
    )
    .option('--files <dir>', 'stands in for S3, a folder for each bucket: job documents, presigned URLs')
    .addOption(
      new Option(
        '--require-auth',
        'ask operators for signatures and devices for certificates, enforce policies; plain MQTT is then off',
      ).conflicts('identity'),
    )
    .addOption(
      new Option(
        '--access-key-file <file>',
        'who may sign, ID:SECRET a line (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment)',
      )
        .conflicts('identity')
        .implies({ requireAuth: true }),
    )
    .addOption(
      new Option('--access-key <id:secret>', 'the same, repeatable, where no other user can see the command line')
        .argParser(accessKey)
        .conflicts('identity')
        .implies({ requireAuth: true }),
    )
    .option('--allow-origin <url>', 'web pages that may use this service, repeatable (default: only its own)', origin)
    .addOption(
      new Option('--profile <name>', 'how AWS is read where it is silent: as decided here, or the other way')
        .default('observed')
        .choices(['observed', 'documented']),
    )
    .option('--strict', "keep to AWS's rates, limits and lead times, which a bench seldom wants")
    .option(
      '--packet-rate <n>',
      'MQTT packets, and HTTP requests, a second that are read of one connection; the others wait',
      wholeNumber(1, 1_000_000_000),
      1000,
    )
    .addOption(timeScaleOption(1))
    .addOption(faultsOption())
    .addOption(seedOption())
    .option('--data-dir <dir>', 'where everything is kept; for one service at a time', dataDirectory)
    .option(
      '--store <url>',
      'where everything is kept instead, but for certificates: postgres://user@host/database (password: PGPASSWORD)',
    )
    .addOption(
      new Option('--durability <what>', 'how far it is written before it is answered: fsync survives a power cut')
        .default('fsync')
        .choices(durabilities),
    )
    .addOption(
      new Option('--memory', 'keep nothing, not even the certificate authority').conflicts([
        'dataDir',
        'store',
        'durability',
      ]),
    )
    .option(
      '--processes <n|auto>',
      'one for the engine, the others for doors (auto: a door for each core but one)',
      countOrAuto(64),
      1,
    )
    .addOption(
      new Option('--role <engine|door>', 'one part of a service on several machines (docs/cluster.md)')
        .choices(['engine', 'door'])
        .conflicts(['memory', 'processes']),
    )
    .option('--listen <host:port>', 'where a part of a service listens for others; 0 for a free port', nodeAddress(0))
    .option('--join <host:port>', 'an engine to link a door to, repeatable: whichever leads is used', nodeAddresses)
    .option('--doors <n>', 'how many doors an engine has', wholeNumber(1, 64))
    .option('--door <n>', 'which of them a door is, from 1', wholeNumber(1, 64))
    .addOption(openOption().conflicts('role'))
    .addOption(
      new Option('--log-level <level>', 'what is told on stderr, as JSON where that is no terminal')
        .default('info')
        .choices(logLevels),
    )
    .addOption(jsonOption())
    .addOption(quietOption('only what has to be told: warnings and errors'))
    .addHelpText('after', '\nExample:\n  $ jobrig serve --mqtt-port 0 --http-port 0 --json\n')
    .action(async (flags: ServeFlags, command: Command) => {
      if (flags.board === true && flags.wssPort === 'off') {
        command.error("error: option '--board' cannot be used with option '--wss-port off': that port is all of it");
      }
      finish(await interruptible((signal) => serveUntil({ ...flags, ...preferredPorts(flags, command) }, signal)));
    });
}

function portOption(flag: string, what: string, byDefault: number): Option {
  return new Option(`${flag} <port>`, `${what}; 0 for a free port, or off`).default(byDefault).argParser(port);
}

type PortFlags = Pick<ServeFlags, PortFlag>;

/** A port that nobody has asked for gives way to a free one where it is taken. */
function preferredPorts(flags: PortFlags & Pick<ServeFlags, 'board'>, command: Command): Partial<PortFlags> {
  // With --board nobody asks for the port of HTTPS: it is that of all over TLS.
  const asked = flags.board === true ? portFlags.filter((flag) => flag !== 'httpsPort') : portFlags;
  const byDefault = asked.filter((flag) => command.getOptionValueSource(flag) === 'default');
  return Object.fromEntries(byDefault.map((flag) => [flag, { preferred: flags[flag] as number }]));
}

/** Also who is asked to end before the service is there has ended as asked. */
async function serveUntil(flags: ServeFlags, stopped: AbortSignal): Promise<number> {
  try {
    return await serve(flags, stopped);
  } catch (error) {
    if (error === stopped.reason) return exitCodes.ok;
    throw error;
  }
}

async function serve(flags: ServeFlags, stopped: AbortSignal): Promise<number> {
  const {
    json,
    quiet,
    memory,
    dataDir,
    store: database,
    role: _role,
    listen: _listen,
    join: _join,
    doors: _doors,
    door: _door,
    requireAuth,
    accessKey: given,
    accessKeyFile,
    open,
    logLevel,
    processes,
    ...others
  } = flags;
  const { faults: file, allowOrigin: allowedOrigins, packetRate: packetsPerSecond, ...options } = others;
  if (!requireAuth) refuseStrangers(options.host);
  refuseClosed(flags);
  const read = accessKeyFile === undefined ? undefined : readAccessKeys(accessKeyFile);
  const keys = requireAuth ? (given || read ? { ...read, ...given } : keysOfEnvironment()) : undefined;
  const faults = file === undefined ? undefined : await readFaults(file);
  if (faults)
    mustHaveFaults(file ?? '', faults, 'service', 'and jobrig serve has no devices (jobrig fleet --faults has)');
  const place = database === undefined ? undefined : parsePostgresAddress(database).name;
  const doors = doorsOf(processes);
  const failed = new AbortController();
  const log = await openServiceLog(quiet && logLevel === 'info' ? 'warn' : logLevel);
  const part = partOf(flags);
  const settings: ServiceOptions = {
    ...options,
    packetsPerSecond,
    ...(faults && { faults }),
    ...(!memory && { dataDir }),
    ...(database !== undefined && { database }),
    ...(keys && { accessKeys: keys }),
    ...(allowedOrigins && { allowedOrigins }),
    onWarning: (warning) => log.say('warn', warning),
    onFailure: (error) => failed.abort(error),
    signal: stopped,
    keepsPage: true,
    onEvent: log.tell,
  };
  if (part !== undefined) {
    const { servePart } = await import('./serve-part.ts');
    return servePart({ part, settings, dataDir, log, json, quiet, stopped, failed });
  }
  await using service = await start(doors, settings);
  log.watch(service);
  tellMoved(options, service, log);
  await using authority = await authorityFile(service);
  const endpoints = { ...endpointsOf(service, authority.path), ...(place && { store: place }) };
  // Who watches processes is told their ids.
  const ready = { event: 'ready', ...endpoints, pid: process.pid, processes: service.processes };
  if (json) process.stdout.write(`${JSON.stringify(ready)}\n`);
  else if (!quiet) process.stdout.write(`${readyText(endpoints, options, keys, memory ? undefined : dataDir)}\n`);
  if (open && service.pageUrl !== undefined) void openInBrowser(service.pageUrl);
  await whenAborted(AbortSignal.any([stopped, failed.signal]));
  log.finish();
  failed.signal.throwIfAborted();
  return exitCodes.ok;
}

/** One process is engine and doors at once; of several one is the engine. */
function doorsOf(processes: number | 'auto' = 1): number {
  return processes === 'auto' ? Math.max(1, availableParallelism() - 1) : processes - 1;
}

type OfProcesses = 'processes' | 'port' | 'usages' | 'present' | 'countExecutions' | 'doorOrder' | 'doorsOpened';
type StartedService = Omit<ProcessesService, OfProcesses> & Partial<Pick<ProcessesService, 'processes'>>;

async function start(doors: number, options: ServiceOptions): Promise<StartedService> {
  if (doors === 0) return (await import('../broker/start-service.ts')).startService(options);
  return (await import('../broker/processes/start-processes.ts')).startProcesses(options, doors);
}

function tellMoved(wanted: Partial<PortFlags>, service: StartedService, log: ServiceLog): void {
  for (const flag of portFlags) {
    const asked = wanted[flag];
    const url = service[flag.replace('Port', 'Url') as 'mqttUrl'];
    if (typeof asked !== 'object' || url === undefined || new URL(url).port === String(asked.preferred)) continue;
    const option = `--${flag.replace('Port', '-port')}`;
    log.say('warn', `Port ${asked.preferred} is taken by another process, so ${url} it is; ${option} chooses`);
  }
}

/** What would be asked of a port that is closed. A port of 0, any one that is free, asks for none in particular. */
function refuseClosed({ requireAuth, accessKeyFile, mqttPort, httpPort, open, ...given }: ServeFlags): void {
  if (requireAuth && typeof mqttPort === 'number' && mqttPort > 0) {
    const by = accessKeyFile === undefined ? given.accessKey && '--access-key' : '--access-key-file';
    throw usageError(
      `--mqtt-port ${mqttPort} and ${by ?? '--require-auth'} exclude each other: plain MQTT asks nobody`,
    );
  }
  if (open && httpPort === 'off') throw usageError('--open and --http-port off exclude each other: the page is there');
}

function refuseStrangers(host: string): void {
  if (/^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host)) return;
  throw new OperationalError('HOST_NOT_LOOPBACK', `--host ${host} is not a loopback address`, {
    hint: 'Add --require-auth, so that only who has a key or a certificate is served.',
  });
}

/** Where a client finds the certificate to trust: in the data directory, or, without one, in a file that goes in the end. */
async function authorityFile(service: StartedService): Promise<AsyncDisposable & { readonly path?: string }> {
  const { ca, caFile } = service;
  const stays = { [Symbol.asyncDispose]: () => Promise.resolve() };
  if (caFile !== undefined) return { path: resolve(caFile), ...stays };
  if ((service.mqttsUrl ?? service.wssUrl ?? service.httpsUrl) === undefined) return stays;
  const directory = await mkdtemp(join(tmpdir(), 'jobrig-'));
  // However this process ends, unless it is killed.
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const path = join(directory, caFileName);
  await writeFile(path, ca);
  return {
    path,
    async [Symbol.asyncDispose]() {
      process.off('exit', remove);
      remove();
    },
  };
}

function readyText(
  endpoints: Endpoints,
  about: Identity,
  keys: AccessKeys | undefined,
  dataDir: string | undefined,
): string {
  const lines = Object.entries(endpoints).map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
  return ['AWS IoT Jobs is ready', ...lines, ...tryIt({ ...about, endpoints, keys, dataDir })].join('\n');
}

type Endpoints = Readonly<Record<string, string>>;
type Identity = Pick<ServeFlags, 'region' | 'account'>;

/** What there is of it, in the order in which it is shown. */
function endpointsOf(
  { mqttUrl, mqttsUrl, wsUrl, wssUrl, httpUrl, httpsUrl, pageUrl }: StartedService,
  ca: string | undefined,
): Endpoints {
  const endpoints = {
    mqtt: mqttUrl,
    mqtts: mqttsUrl,
    ws: wsUrl,
    wss: wssUrl,
    http: httpUrl,
    https: httpsUrl,
    dashboard: pageUrl,
    ca,
  };
  return Object.fromEntries(
    Object.entries(endpoints).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
