/**
 * Objects as files below one directory, and nothing else: what a path really is, once every symbolic link in it is followed,
 * has to lie below the directory and be a plain file. A link that leads out, a pipe or a device opens nothing. An object is
 * written beside its place under a name of fixed length and takes its place when it is whole.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UnfinishedUpload } from './unfinished-uploads.ts';

/** Why an object cannot be written: its name is too long, a part of its path is a file, or its place is outside. */
export type Unwritable = 'too long' | 'in the way' | 'outside';

export type TextRead = { readonly text: string } | { readonly missing: 'not found' | 'too large' };

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
}

export interface OpenFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

const notFound: TextRead = { missing: 'not found' };

export class ObjectFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @returns the file that it really is, or `undefined` where there is none to be read. */
  async find(path: string): Promise<FoundFile | undefined> {
    try {
      const real = await realpath(join(this.#directory, path));
      if (!(await this.#holds(real))) return undefined;
      const found = await stat(real);
      return found.isFile() ? { path: real, bytes: found.size } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Open for reading, to be closed by the caller, with its size; `undefined` where there is none to be read. */
  async open(path: string): Promise<OpenFile | undefined> {
    const file = await this.find(path);
    if (file === undefined) return undefined;
    let handle: FileHandle | undefined;
    try {
      // Should it have become a pipe meanwhile, nothing waits for its other end.
      handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
      const { size } = await handle.stat();
      return { handle, bytes: size };
    } catch {
      await handle?.close();
      return undefined;
    }
  }

  /** Never reads more than `maxBytes`. Whatever keeps the text from being read, it cannot be found. */
  async readText(path: string, maxBytes: number): Promise<TextRead> {
    const file = await this.open(path);
    if (file === undefined) return notFound;
    const { handle, bytes: size } = file;
    try {
      if (size > maxBytes) return { missing: 'too large' };
      const bytes = Buffer.alloc(size);
      const { bytesRead } = await handle.read(bytes, 0, size, 0);
      return { text: bytes.toString('utf8', 0, bytesRead) };
    } catch {
      return notFound;
    } finally {
      await handle.close();
    }
  }

  /** @returns why it cannot be there. @throws what the source or the file system says, and leaves nothing behind then */
  async write(path: string, source: Readable): Promise<Unwritable | undefined> {
    const place = join(this.#directory, path);
    const folder = dirname(place);
    const upload = new UnfinishedUpload();
    const unfinished = join(folder, upload.name);
    try {
      const obstacle = await this.#makeFolder(folder);
      if (obstacle !== undefined) return obstacle;
      await mustFit(place);
      // The file is there before anything can go wrong with the source, so that it is not made after its removal.
      const file = await open(unfinished, 'wx');
      await pipeline(source, file.createWriteStream());
      await rename(unfinished, place);
      return undefined;
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENAMETOOLONG') return 'too long';
      if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST') return 'in the way';
      throw error;
    } finally {
      upload.done();
    }
  }

  /** Nothing is made beyond a link that leads out. */
  async #makeFolder(folder: string): Promise<Unwritable | undefined> {
    for (let known = folder; ; known = dirname(known)) {
      const real = await realpath(known).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' && known !== this.#directory) return undefined;
        throw error;
      });
      if (real === undefined) continue;
      if (!(await this.#holds(real))) return 'outside';
      return mkdir(folder, { recursive: true }).then(
        () => undefined,
        // A link that leads nowhere.
        (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? 'in the way' : Promise.reject(error)),
      );
    }
  }

  async #holds(real: string): Promise<boolean> {
    const directory = await realpath(this.#directory);
    return real === directory || real.startsWith(directory.endsWith(sep) ? directory : directory + sep);
  }
}

/** Found out before anything is sent. A directory in its place would be found out only in the end. */
async function mustFit(place: string): Promise<void> {
  const there = await stat(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ELOOP') return undefined;
    throw error;
  });
  if (there?.isDirectory()) throw Object.assign(new Error(`${place} is a directory`), { code: 'EISDIR' });
}
