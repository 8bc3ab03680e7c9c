/**
 * The service that is attacked: `jobrig serve` as a process of its own, with a data directory, a folder of files, and something in
 * it that nobody may lose. It is killed at the end, started again on the same directory, and asked for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Places } from './doors.ts';
import type { Key } from './signed-inputs.ts';
import { signedHeaders } from './sigv4.ts';

interface Ready {
  /** Absent where signatures are asked for. */
  readonly mqtt?: string;
  readonly mqtts: string;
  readonly ws: string;
  readonly wss: string;
  readonly http: string;
  readonly https: string;
  readonly ca: string;
}

const main = join(import.meta.dirname, `../../cli/main${extname(import.meta.filename)}`);
const listeners = ['mqtt', 'mqtts', 'ws', 'wss', 'http', 'https'].flatMap((name) => [`--${name}-port`, '0']);
const ledger = { thing: 'ledger-thing', job: 'ledger-job' } as const;

export class Victim {
  readonly #directory: string;
  /** Absent: it asks nobody. */
  readonly #accessKey: Key | undefined;
  #child: ChildProcess | undefined;
  #ready: Ready | undefined;
  #errors = '';

  /** @param asks for signatures */
  constructor(directory: string, asks = false) {
    this.#directory = directory;
    this.#accessKey = asks ? { accessKeyId: 'AKIDEXAMPLE', secret: randomBytes(20).toString('hex') } : undefined;
  }

  /** What it has said on stderr: nothing but errors are told there. */
  get errors(): string {
    return this.#errors;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  get #dataDir(): string {
    return join(this.#directory, 'data');
  }

  async start(): Promise<void> {
    const files = join(this.#directory, 'files');
    await mkdir(join(files, 'bucket'), { recursive: true });
    await writeFile(join(files, 'bucket/image'), 'x'.repeat(100));
    const kept = ['--data-dir', this.#dataDir, '--durability', 'off', '--files', files];
    const limits = ['--packet-rate', '1000000', '--log-level', 'error'];
    const { accessKeyId = '', secret = '' } = this.#accessKey ?? {};
    const open = this.#accessKey === undefined ? [] : ['--require-auth'];
    const child = spawn(process.execPath, [main, 'serve', '--json', ...listeners, ...kept, ...limits, ...open], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret },
    });
    this.#child = child;
    // Whoever ends this process, the service ends with it.
    const end = (): void => void child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    const ready = once(createInterface(child.stdout), 'line');
    const [line] = (await Promise.race([ready, once(child, 'exit').then(() => [undefined])])) as [string | undefined];
    if (line === undefined) throw new Error(`the service did not start: ${this.#errors}`);
    this.#ready = JSON.parse(line) as Ready;
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const gone = once(this.#child!, 'exit');
    this.#child!.kill('SIGKILL');
    await gone;
  }

  /** Bytes in use; 0 where the system does not tell. */
  async memory(): Promise<number> {
    try {
      const status = await readFile(`/proc/${this.#child!.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  /** Puts in what nobody may lose, and what a story needs. */
  async prepare(): Promise<Places> {
    const { ready } = this;
    for (const name of [ledger.thing, 'neighbour', 'pump', 'lamp']) await this.#ask('POST', `/things/${name}`, {});
    await this.#createJob(ledger.job, ledger.thing, '{"operation":"kept"}');
    await this.#createJob(
      'kept',
      'pump',
      JSON.stringify({ get: placeholder('', 'image'), put: placeholder('-upload', 'log') }),
    );
    const asked = await this.#ask('GET', '/jobs-data/things/pump/jobs/kept?includeJobDocument=true');
    const { execution } = (await asked.json()) as { readonly execution: { readonly jobDocument: string } };
    const urls = Object.values(JSON.parse(execution.jobDocument) as Record<string, string>);
    const folder = join(this.#directory, 'certificates');
    const certs = spawn(process.execPath, [
      main,
      'certs',
      '--thing',
      '*',
      '--data-dir',
      this.#dataDir,
      '--out',
      folder,
    ]);
    await once(certs, 'exit');
    return {
      ports: {
        tcp: ready.mqtt === undefined ? 0 : portOf(ready.mqtt),
        tls: portOf(ready.mqtts),
        ws: portOf(ready.ws),
        wss: portOf(ready.wss),
        http: portOf(ready.http),
        https: portOf(ready.https),
      },
      ca: await readFile(ready.ca, 'utf8'),
      ...(await benchCertificate(folder)),
      files: urls.map((one) => one.slice(one.indexOf('/files/'))),
      accessKey: this.#accessKey,
    };
  }

  /** What is wrong with it after a restart; empty when nothing is. */
  async check(): Promise<readonly string[]> {
    const wrong: string[] = [];
    const expected = [
      '/healthz',
      '/metrics',
      `/things/${ledger.thing}`,
      `/jobs/${ledger.job}`,
      `/jobs-data/things/${ledger.thing}/jobs/${ledger.job}`,
    ];
    for (const path of expected) {
      const { status } = await this.#ask('GET', path);
      if (status !== 200) wrong.push(`after the restart, GET ${path} answers ${status}`);
    }
    return wrong;
  }

  get ready(): Ready {
    if (this.#ready === undefined) throw new Error('start comes first');
    return this.#ready;
  }

  async #createJob(jobId: string, thing: string, document: string): Promise<void> {
    const targets = [`arn:aws:iot:us-east-1:000000000000:thing/${thing}`];
    const presignedUrlConfig = { roleArn: 'arn:aws:iam::000000000000:role/anything', expiresInSec: 3600 };
    await this.#ask('PUT', `/jobs/${jobId}`, { targets, document, presignedUrlConfig });
  }

  async #ask(method: string, path: string, body?: object): Promise<Response> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const { host } = new URL(this.ready.http);
    const service = path.startsWith('/jobs-data') ? 'iot-jobs-data' : 'iot';
    const key = this.#accessKey ?? { accessKeyId: 'AKID', secret: '' };
    const headers = signedHeaders({ ...key, service, host, method, target: path, body: text });
    const response = await fetch(`${this.ready.http}${path}`, { method, headers, ...(text !== '' && { body: text }) });
    if (method !== 'GET' && !response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response;
  }
}

function placeholder(kind: string, key: string): string {
  return `\${aws:iot:s3-presigned-url${kind}:s3://bucket/${key}}`;
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}

async function benchCertificate(folder: string): Promise<{ readonly cert: string; readonly key: string }> {
  const names = await readdir(folder);
  const read = (ending: string): Promise<string> =>
    readFile(join(folder, names.find((name) => name.endsWith(ending)) ?? ending), 'utf8');
  const [cert, key] = await Promise.all([read('.cert.pem'), read('.key.pem')]);
  return { cert, key };
}
