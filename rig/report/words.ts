/** Figures in words, the same on the page, in JUnit and on the terminal. */

/** A span in the unit that reads best. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${trimmed(ms / 1000)} s`;
  return `${trimmed(ms / 60_000)} min`;
}

function trimmed(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, '');
}

/** A figure that was measured, in the unit that it has: `19.6 ms`, `44.1 KB`, `1,274`. */
export function measureText(value: number, unit: 'ms' | 'bytes' | ''): string {
  if (unit === 'bytes') return `${(value / 1024).toLocaleString('en', { maximumFractionDigits: 1 })} KB`;
  const figure = value.toLocaleString('en', { maximumFractionDigits: 2 });
  return unit === 'ms' ? `${figure} ms` : figure;
}

const carriers: Readonly<Record<string, string>> = {
  'mqtts:': 'over TLS',
  'ws:': 'over WebSocket',
  'wss:': 'over WebSocket and TLS',
};

/** How the fleet of a load reached its service. @param endpoint an address, or what a service of the load's own is called */
export function wayText({ transport, endpoint }: { readonly transport: string; readonly endpoint: string }): string {
  if (transport === 'in-process') return 'in-process';
  return carriers[endpoint.slice(0, endpoint.indexOf(':') + 1)] ?? 'over TCP';
}

/** `4 SUCCEEDED, 2 REJECTED` */
export function countWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

/** A word of a command that a person pastes into a shell. */
export function shellWord(word: string): string {
  return /^[\w./:=%,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
