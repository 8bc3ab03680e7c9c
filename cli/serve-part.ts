/** `jobrig serve --role engine|door`: one part of a service on several machines, until Ctrl-C. */
import type { ServiceOptions } from '../broker/start-service.ts';
import { exitCodes } from './exit.ts';
import { whenAborted } from './interruption.ts';
import type { Part } from './serve-role.ts';
import type { ServiceLog } from './service-log.ts';

interface PartToServe {
  readonly part: Part;
  readonly settings: ServiceOptions;
  readonly dataDir: string;
  readonly log: ServiceLog;
  readonly json: boolean | undefined;
  readonly quiet: boolean | undefined;
  readonly stopped: AbortSignal;
  readonly failed: AbortController;
}

export async function servePart(toServe: PartToServe): Promise<number> {
  const { part, settings, dataDir, log, json, quiet, stopped, failed } = toServe;
  const { readNodeCertificate } = await import('../broker/cluster/node-certificate.ts');
  const certificate = await readNodeCertificate(dataDir);
  const onWarning = (warning: string): void => log.say('warn', warning);
  await using started = await start();
  const about = { role: part.role, ...started.shown };
  if (json === true) process.stdout.write(`${JSON.stringify({ event: 'ready', ...about, pid: process.pid })}\n`);
  else if (quiet !== true) {
    const lines = Object.entries(about).map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
    process.stdout.write(`${['This part of AWS IoT Jobs is ready', ...lines].join('\n')}\n`);
  }
  await whenAborted(AbortSignal.any([stopped, failed.signal]));
  log.finish();
  failed.signal.throwIfAborted();
  return exitCodes.ok;

  async function start(): Promise<AsyncDisposable & { readonly shown: Readonly<Record<string, string>> }> {
    if (part.role === 'engine') {
      const { startEngineNode } = await import('../broker/cluster/engine-node.ts');
      const node = await startEngineNode({
        service: { ...settings, database: part.store },
        listen: part.listen,
        certificate,
        doors: part.doors,
        httpPort: settings.httpPort ?? 0,
        onWarning,
        onState: (state) => log.say('info', `This engine ${state}`),
        onFailure: (error) => failed.abort(error),
      });
      const { link, httpUrl } = node;
      return {
        shown: { link: `${link.host}:${link.port}`, ...(httpUrl !== undefined && { http: httpUrl }) },
        [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
      };
    }
    const { startDoorNode } = await import('../broker/cluster/door-node.ts');
    const node = await startDoorNode({
      service: settings,
      join: part.join,
      listen: part.listen,
      certificate,
      door: part.door,
      onWarning,
    });
    const { endpoints, link, caFile } = node;
    return {
      shown: { ...endpoints, ...(caFile !== undefined && { ca: caFile }), link: `${link.host}:${link.port}` },
      [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
    };
  }
}
