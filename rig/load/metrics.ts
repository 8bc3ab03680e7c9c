/** Figures of a running load for Prometheus, at `/metrics` on a port of the loopback interface. */
import { type ServerResponse, createServer } from 'node:http';
import { Gauge, Registry } from 'prom-client';
import { closeHttpServer, listen } from '../../broker/net/listening.ts';
import { total } from './report-sums.ts';
import type { Tally } from './tally.ts';

export interface Metrics extends AsyncDisposable {
  readonly url: string;
  readonly tell: (tally: Tally) => void;
}

/** @throws {OperationalError} `PORT_TAKEN` or `CANNOT_LISTEN` */
export async function serveMetrics(port: number): Promise<Metrics> {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: readonly Label[]): Gauge<Label> =>
    new Gauge<Label>({ name: `jobrig_load_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const connected = gauge('connected', 'Things that are connected.');
  const executions = gauge('executions', 'Executions so far, by what became of them.', 'outcome');
  const exchanges = gauge('exchanges', 'Requests of things that were answered so far.');
  const failures = gauge('failures', 'Failures so far, by kind.', 'kind');
  const refusals = gauge(
    'refusals',
    'Requests so far that the service refused and that were made again, by code.',
    'code',
  );
  const latency = gauge('latency_seconds', 'Of the exchanges of the last second.', 'quantile');
  const memory = gauge('process_resident_bytes', 'Memory of a process.', 'process');
  const cpu = gauge('process_cpu_cores', 'Cores that a process used in the last second.', 'process');

  const tell = (tally: Tally): void => {
    const { fleet, samples } = tally;
    const { started, succeeded, failed, pulled } = total(fleet.jobs, '');
    connected.set(fleet.connected);
    exchanges.set(fleet.exchanges);
    executions.set({ outcome: 'started' }, started);
    executions.set({ outcome: 'succeeded' }, succeeded);
    executions.set({ outcome: 'failed' }, failed);
    executions.set({ outcome: 'pulled' }, pulled);
    for (const [kind, count] of Object.entries(tally.failuresByKind)) failures.set({ kind }, count);
    for (const [code, count] of Object.entries(fleet.refusals)) refusals.set({ code }, count);
    const last = samples.at(-1);
    for (const part of last?.processes ?? []) {
      memory.set({ process: part.name }, part.bytes);
      cpu.set({ process: part.name }, part.cpu);
    }
    if (last?.latencyMs === undefined) return latency.reset();
    const { p50, p95, p99, max } = last.latencyMs;
    for (const [quantile, ms] of Object.entries({ '0.5': p50, '0.95': p95, '0.99': p99, '1': max })) {
      latency.set({ quantile }, ms / 1000);
    }
  };

  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    void answer(registry, response);
  });
  const place = { host: '127.0.0.1', purpose: 'the metrics', option: '--metrics-port' } as const;
  const listening = await listen(server, { ...place, port });
  return {
    url: `http://127.0.0.1:${listening}/metrics`,
    tell,
    [Symbol.asyncDispose]: () => closeHttpServer(server),
  };
}

async function answer(registry: Registry, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
}
