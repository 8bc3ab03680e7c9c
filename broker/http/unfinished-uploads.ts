/**
 * Uploads that are not whole. Each is written beside its place under a name that says which process of which machine writes it, since
 * several services may share a folder. A process that is killed leaves such files behind; who starts removes those whose process is gone
 * from this machine, and, of other machines, those that nobody has written to for a day. Nothing else is touched.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Dir } from 'node:fs';
import { opendir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const form = /^\.([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.part$/;
const dayMs = 24 * 60 * 60 * 1000;
/** Of this process. */
const underWay = new Set<string>();

/** The name of one upload, until it is done with. */
export class UnfinishedUpload {
  readonly name = `.${machine}-${process.pid}-${randomUUID()}.part`;

  constructor() {
    underWay.add(this.name);
  }

  done(): void {
    underWay.delete(this.name);
  }
}

/** Never rejects: what cannot be looked at or removed stays. */
export async function removeUnfinishedUploads(folder: string): Promise<void> {
  const entries = await opendir(folder).catch(() => undefined);
  if (entries === undefined) return;
  for await (const { name, path, isFolder } of namesIn(folder, entries)) {
    if (isFolder) await removeUnfinishedUploads(path);
    else if (await isAbandoned(name, path)) await rm(path, { force: true }).catch(() => {});
  }
}

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** Links are not followed. */
async function* namesIn(folder: string, entries: Dir): AsyncGenerator<Entry> {
  try {
    for await (const entry of entries) {
      const isFolder = entry.isDirectory();
      if (isFolder || entry.isFile()) yield { name: entry.name, path: join(folder, entry.name), isFolder };
    }
  } catch {
    // The folder has gone meanwhile.
  }
}

async function isAbandoned(name: string, path: string): Promise<boolean> {
  const [, host, pid] = form.exec(name) ?? [];
  if (host === undefined || underWay.has(name)) return false;
  if (host === machine) return Number(pid) === process.pid || !isRunning(Number(pid));
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  return mtimeMs < Date.now() - dayMs;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
