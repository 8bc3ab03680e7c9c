/**
 * How much memory the control groups of a process have left, of which each may have a limit, up to the root. What a group uses of the
 * file cache is given back when it is wanted.
 * Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.max), https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
 */
import { dirname, join } from 'node:path';

interface Version {
  readonly root: string;
  readonly limit: string;
  readonly used: string;
  readonly cache: RegExp;
}

const second: Version = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  used: 'memory.current',
  cache: /^inactive_file (\d+)$/m,
};
const first: Version = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cache: /^total_inactive_file (\d+)$/m,
};

/**
 * @param groups `/proc/self/cgroup`
 * @param read a file, or nothing where there is none
 * @returns bytes; Infinity without a limit
 */
export function freeOfGroups(groups: string, read: (file: string) => string | undefined): number {
  const lines = [...groups.matchAll(/^\d+:([^:]*):(.*)$/gm)];
  const free = lines.flatMap(([, controllers = '', path = '/']) => {
    if (controllers === '') return freeUpwards(second, path, read);
    return controllers.split(',').includes('memory') ? freeUpwards(first, path, read) : [];
  });
  return Math.min(Infinity, ...free);
}

/** In a container its own group is the root, whatever path it is told. */
function freeUpwards(version: Version, path: string, read: (file: string) => string | undefined): readonly number[] {
  const free = freeOf(version, path, read);
  return path === '/' || !path.startsWith('/') ? [free] : [free, ...freeUpwards(version, dirname(path), read)];
}

function freeOf(
  { root, limit, used, cache }: Version,
  path: string,
  read: (file: string) => string | undefined,
): number {
  const folder = join(root, path);
  const most = Number.parseInt(read(join(folder, limit)) ?? '', 10);
  const now = Number.parseInt(read(join(folder, used)) ?? '', 10);
  if (!Number.isFinite(most) || !Number.isFinite(now)) return Infinity;
  const reclaimable = Number(cache.exec(read(join(folder, 'memory.stat')) ?? '')?.[1] ?? 0);
  return Math.max(0, most - now + Math.min(reclaimable, now));
}
