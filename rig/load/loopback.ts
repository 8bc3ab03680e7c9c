/**
 * Source addresses on loopback. Linux looks for a free port among a quarter of some 28,000, since libuv asks for SO_REUSEADDR; when those
 * are taken, each connection costs 2 ms of looking, and what an earlier run had stays taken for a minute. So many clients come from
 * 127.0.0.1, 127.0.0.2, …, which are all of this machine.
 */
const connectionsPerAddress = 2000;

/** Whether what connects there comes from as many addresses as it needs. */
export function isSpread(host: string): boolean {
  return process.platform === 'linux' && host.startsWith('127.');
}

/** @returns `undefined`: as the system chooses */
export function localAddressOf(index: number): string | undefined {
  const address = 1 + Math.floor(index / connectionsPerAddress);
  return address === 1 ? undefined : `127.0.${address >> 8}.${address & 0xff}`;
}
