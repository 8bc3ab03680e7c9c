/** What the rig says about itself for machines, at `/metrics`: the same figures as the status page and more, in Prometheus's format. */
import type { ServerResponse } from 'node:http';
import type { RequestCounts, RigStatus } from './status-page.ts';

/** Answers a request that came in without Hono. */
export async function writeMetrics(
  response: ServerResponse,
  status: RigStatus,
  requests: RequestCounts,
): Promise<void> {
  const { text, headers } = await metricsText(status, requests);
  response.writeHead(200, headers).end(text);
}

const none: ReadonlyMap<string, number> = new Map();

export async function metricsText(
  { connectedClients, reservedPublications = {}, events = none, executionStatuses = none, leadership }: RigStatus,
  requests: RequestCounts,
): Promise<{ readonly text: string; readonly headers: Readonly<Record<string, string>> }> {
  // Loaded when wanted: most services are asked for no figures.
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const count = (
    name: string,
    help: string,
    label: string,
    counts: Iterable<readonly [string | number, number]>,
  ): void => {
    const counter = new Counter({ name, help, labelNames: [label], registers });
    for (const [value, total] of counts) counter.inc({ [label]: value }, total);
  };
  const help = 'MQTT clients connected now.';
  new Gauge({ name: 'jobrig_mqtt_clients', help, registers }).set(connectedClients);
  count('jobrig_http_requests_total', 'AWS API requests answered, by HTTP status.', 'status', requests);
  count(
    'jobrig_mqtt_reserved_publications_total',
    'MQTT publications on reserved topics beside Jobs, by feature.',
    'feature',
    Object.entries(reservedPublications),
  );
  count(
    'jobrig_events_total',
    'What happened at the doors, by kind: connected, refused, malformed-json and so on.',
    'kind',
    events,
  );
  count(
    'jobrig_execution_changes_total',
    'Job executions made or changed, by their status then.',
    'status',
    executionStatuses,
  );
  if (leadership !== undefined) {
    const gauge = (name: string, about: string, value: number): void =>
      new Gauge({ name, help: about, registers }).set(value);
    gauge('jobrig_leads', 'Whether this engine leads on its database.', leadership.leads ? 1 : 0);
    gauge('jobrig_epoch', 'The epoch that it leads.', leadership.epoch);
    gauge('jobrig_store_lag_seconds', 'How long the database has not answered.', leadership.lagMs / 1000);
  }
  return { text: await registry.metrics(), headers: { 'content-type': registry.contentType } };
}
