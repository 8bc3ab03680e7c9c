/**
 * Where the firmware's own word arrives: a hook in its activation or in a handler calls the address of JOBRIG_WITNESS_URL, or the
 * one that `{witness}` in a job document stands for, with `?effect=activated&version=1.2.3&job=…&number=…`. POST and GET mean
 * the same, since a device may have no more than wget. Nothing but `effect` is required.
 */
import { type IncomingMessage, createServer } from 'node:http';
import type { Observer } from '../../../observation/observation.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { present } from '../../../protocol/json.ts';
import { closeHttpServer, listen } from '../../../broker/net/listening.ts';

export interface WitnessDoorOptions {
  readonly host: string;
  readonly observer: Observer;
  readonly now: () => EpochMs;
}

export interface WitnessDoor {
  /** @param jobId whose effect it is, where the address says so already */
  urlFor(thingName: string, jobId?: string): string;
  close(): Promise<void>;
}

const shown = { effect: 200, version: 200, job: 64 } as const;

export async function openWitnessDoor({ host, observer, now }: WitnessDoorOptions): Promise<WitnessDoor> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(witnessed(request) ? 204 : 400).end();
  });

  function witnessed({ url = '', method }: IncomingMessage): boolean {
    if (method !== 'POST' && method !== 'GET') return false;
    const { pathname, searchParams } = new URL(url, 'http://witness');
    const [, place, thing = '', jobInPath] = pathname.split('/');
    const effect = searchParams.get('effect')?.slice(0, shown.effect) ?? '';
    const thingName = decoded(thing);
    if (place !== 'witness' || thingName === '' || effect === '') return false;
    const jobId = (searchParams.get('job') ?? decoded(jobInPath ?? '')).slice(0, shown.job) || undefined;
    const version = searchParams.get('version')?.slice(0, shown.version);
    const number = Number(searchParams.get('number') ?? NaN);
    const executionNumber = Number.isSafeInteger(number) ? number : undefined;
    const told = { kind: 'witness', source: 'device', at: now(), thingName, effect } as const;
    observer.witness?.({ ...told, ...present({ version, jobId, executionNumber }) });
    return true;
  }

  const port = await listen(server, { host, port: 0, purpose: 'the witness', option: '--host' });
  return {
    urlFor: (thingName, jobId) =>
      `http://${host}:${port}/witness/${encodeURIComponent(thingName)}${jobId === undefined ? '' : `/${encodeURIComponent(jobId)}`}`,
    close: () => closeHttpServer(server),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
