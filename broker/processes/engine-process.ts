/**
 * The process of the engine: store, engine, clock and certificates, the ends of the links to the doors, and the live page, which
 * doors ask for here. Started by start-processes.ts and ends when that does.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { rmSync } from 'node:fs';
import type { Observation } from '../../observation/observation.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { type Mind, openMind, openState } from '../mind.ts';
import { filesMade } from '../store/whole-file.ts';
import { openSurroundings } from '../surroundings.ts';
import { type EngineOrder, type ToProcess, engineSocket, pageSocket, sayToStarter } from './contract.ts';
import { ExecutionTally } from './execution-tally.ts';
import { linkEngine } from './linked-engine.ts';
import { usageOf } from './process-usage.ts';

let folderOfStarter: string | undefined;

async function runEngine({ options, doors, folder }: EngineOrder): Promise<void> {
  folderOfStarter = folder;
  const state = await openState(
    { ...options, onFailure: fail, onWarning: (text) => sayToStarter({ kind: 'warning', text }) },
    () => {},
  );
  const surroundings = await openSurroundings(options, () => mind.port.now());
  sayToStarter({ kind: 'made', files: filesMade() });
  const { authority, events, signer } = surroundings;
  const mind: Mind = await openMind({ ...options, onFailure: fail }, surroundings, state);
  const engine = await linkEngine({ options, surroundings, mind, doors });
  const usage = usageOf('engine');
  let stopWatching: (() => void) | undefined;
  let isCounting = false;
  let stopHearing: (() => void) | undefined;
  const links = createServer((stream) => engine.end.accept(stream));
  const pages = createHttpServer((request, response) => engine.answer(request, response));
  for (const path of [engineSocket(folder), pageSocket(folder)]) rmSync(path, { force: true });
  await Promise.all([listening(links, engineSocket(folder)), listening(pages, pageSocket(folder))]);
  const close = async (): Promise<void> => {
    stopWatching?.();
    stopHearing?.();
    links.close();
    pages.close();
    pages.closeAllConnections();
    await engine.close();
    await mind.close();
    await state.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void close());
  process.on('message', (message: ToProcess) => {
    if (message.kind === 'open') {
      engine.endpoints = message.endpoints;
      surroundings.httpPorts = portsIn(message.endpoints);
      mind.begin();
    } else if (message.kind === 'watch' && stopWatching === undefined) {
      stopWatching = mind.observe({ job: show, execution: show });
    } else if (message.kind === 'hear' && stopHearing === undefined) {
      stopHearing = events.add((event) => sayToStarter({ kind: 'event', event }));
    } else if (message.kind === 'count' && !isCounting) {
      isCounting = true;
      mind.onChanges((changes) => {
        if (counted.add(changes) && !counted.isTold) counted.isTold = engine.end.tellOperator(counted);
      });
    } else if (message.kind === 'present') engine.page.present(message);
    else if (message.kind === 'usage') {
      tellSeen();
      sayToStarter({ kind: 'usage', usage: usage() });
    }
  });
  sayToStarter({
    kind: 'engine-ready',
    ca: authority.ca,
    ...(authority.caFile && { caFile: authority.caFile }),
    ...(signer && { codeSigningCertificate: signer.cert }),
    query: engine.query,
  });
}

function portsIn({ http, https }: Readonly<Record<string, string>>): {
  readonly http?: number;
  readonly https?: number;
} {
  return { ...(http && { http: port(http) }), ...(https && { https: port(https) }) };
}

/** A message of its own for each turn would cost the engine as much as all else that it does. */
const gatherMs = 4;
let gathered: Observation[] = [];
/** Of which the operator is told what has been counted when the frame leaves. */
const counted = new ExecutionTally();

function show(seen: Observation): void {
  if (gathered.push(seen) === 1) setTimeout(tellSeen, gatherMs);
}

function tellSeen(): void {
  const seen = gathered;
  gathered = [];
  if (seen.length > 0) sayToStarter({ kind: 'seen', seen });
}

function port(url: string): number {
  return Number(new URL(url).port);
}

function listening(server: ReturnType<typeof createServer>, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const about = error instanceof OperationalError ? { code: error.code, ...(error.hint && { hint: error.hint }) } : {};
  process.send?.({ kind: 'failed', message, ...about }, () => process.exit(1));
}

/** Nothing that the starter leaves behind goes on, and of a starter that was killed the engine removes the folder. */
function endWithStarter(): never {
  if (folderOfStarter !== undefined) rmSync(folderOfStarter, { recursive: true, force: true });
  process.exit(0);
}

process.on('disconnect', endWithStarter);
// Of the channel to the starter, which node:cluster writes to as well: who writes hears of its end so.
process.on('error', endWithStarter);
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});
process.once('message', (order: EngineOrder) => void runEngine(order).catch(fail));
sayToStarter({ kind: 'up' });
