/** Figures of a running load for Prometheus, at `/metrics` on a port of the loopback interface. */
import { type ServerResponse, createServer } from 'node:http';
import { Counter, Gauge, Registry } from 'prom-client';
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
  const named = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => ({
    name: `jobrig_load_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  const gauge = <Label extends string>(name: string, help: string, ...labels: readonly Label[]): Gauge<Label> =>
    new Gauge<Label>(named(name, help, labels));
  /** What is counted elsewhere, by what it has come to. */
  const counter = <Label extends string>(name: string, help: string, label: Label) => {
    const counted = new Counter<Label>(named(`${name}_total`, help, [label]));
    return (count: number, of: string): void => {
      const labels = { [label]: of } as Record<Label, string>;
      counted.remove(labels);
      counted.inc(labels, count);
    };
  };
  const connected = gauge('connected', 'Things that are connected.');
  const executions = counter('executions', 'Executions, by what became of them.', 'outcome');
  const exchanges = new Counter(named('exchanges_total', 'Requests of things that were answered.', []));
  const failures = counter('failures', 'Failures, by kind.', 'kind');
  const refusals = counter('refusals', 'Requests that the service refused and that were made again, by code.', 'code');
  const latency = gauge('latency_seconds', 'Of the exchanges of the last second.', 'quantile');
  const memory = gauge('process_resident_bytes', 'Memory of a process.', 'process');
  const cpu = counter('process_cpu_seconds', 'User and system time of a process.', 'process');

  const tell = (tally: Tally): void => {
    const { fleet, samples } = tally;
    const { started, succeeded, failed, pulled } = total(fleet.jobs, '');
    connected.set(fleet.connected);
    exchanges.reset();
    exchanges.inc(fleet.exchanges);
    for (const [outcome, count] of Object.entries({ started, succeeded, failed, pulled })) executions(count, outcome);
    for (const [kind, count] of Object.entries(tally.failuresByKind)) failures(count, kind);
    for (const [code, count] of Object.entries(fleet.refusals)) refusals(count, code);
    for (const { name, cpuMs } of tally.processes.results()) cpu(cpuMs / 1000, name);
    const last = samples.at(-1);
    for (const part of last?.processes ?? []) memory.set({ process: part.name }, part.bytes);
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
