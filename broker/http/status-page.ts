/**
 * What the rig says about itself over HTTP for people: a plain page with its endpoints. No scripts, nothing loaded from
 * elsewhere; a live view is another page, and figures for machines are metrics-text.ts.
 */

export interface RigStatus {
  /** What listens, by name: `mqtt` → `mqtt://127.0.0.1:1883`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** MQTT clients connected now. */
  readonly connectedClients: number;
  /** MQTT publications on reserved topics outside the Jobs space so far, by feature of AWS IoT. */
  readonly reservedPublications?: Readonly<Record<string, number>>;
  /** What happened at the doors so far, by kind of event. */
  readonly events?: ReadonlyMap<string, number>;
  /** Executions that were made or have changed so far, by the status that they had then. */
  readonly executionStatuses?: ReadonlyMap<string, number>;
  /** Of an engine on a database that others may want to lead on. */
  readonly leadership?: LeadershipStatus;
}

export interface LeadershipStatus {
  readonly leads: boolean;
  readonly epoch: number;
  /** How long the database has not answered what it is asked now. */
  readonly lagMs: number;
}

/** Answered HTTP requests by status code, since the start. */
export type RequestCounts = ReadonlyMap<number, number>;

export function statusPage({ endpoints, connectedClients }: RigStatus, requests: RequestCounts): string {
  const rows = [
    ...Object.entries(endpoints),
    ['MQTT clients connected', String(connectedClients)],
    ['HTTP requests answered', String(total(requests))],
  ].map(([name = '', value = '']) => `<tr><th>${escapeHtml(name)}</th><td><code>${escapeHtml(value)}</code></td></tr>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>jobrig</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  th { text-align: left; font-weight: normal; padding-right: 2rem; vertical-align: top }
</style>
<h1>jobrig</h1>
<p>A local AWS IoT Jobs service. Point an AWS SDK or the AWS CLI at the HTTP endpoint, devices at the MQTT endpoint.</p>
<table>
${rows.join('\n')}
</table>
<p><a href="healthz">healthz</a> · <a href="metrics">metrics</a></p>
</html>
`;
}

function total(requests: RequestCounts): number {
  return [...requests.values()].reduce((sum, count) => sum + count, 0);
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
