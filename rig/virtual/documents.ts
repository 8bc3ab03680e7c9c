/**
 * Job documents of simulated runs, by kind: the forms that `fixtures/job-documents/` holds, in sizes that keep a run short.
 * The same kind and ordinal always give the same text. What an agent makes of them is the agent's matter.
 */

export const documentKinds = [
  'firmware',
  /** Firmware that cannot be had, is not what it should be, or does not work. */
  'missing-firmware',
  'corrupt-firmware',
  'failing-firmware',
  /** Takes long to write: for stories, not drawn by the swarm. */
  'large-firmware',
  'handlers',
  'reboot',
  'foreign',
  'unicode',
  /** Names an action by what no status detail may hold. */
  'unclean',
  'oversize',
] as const;
export type DocumentKind = (typeof documentKinds)[number];

const kibibyte = 1024;
const imageKibibytes = [8, 24, 64, 20];
const largeImageBytes = 300 * kibibyte;

export function documentText(kind: DocumentKind, ordinal: number): string {
  switch (kind) {
    case 'firmware':
    case 'missing-firmware':
    case 'corrupt-firmware':
    case 'failing-firmware':
    case 'large-firmware':
      return firmware(kind, ordinal);
    case 'handlers':
      return JSON.stringify({ version: '1.0', steps: [handler('prepare', ordinal), handler('apply', ordinal)] });
    case 'reboot':
      return JSON.stringify({ operation: 'reboot' });
    case 'foreign':
      return JSON.stringify({ afr_ota: { protocols: ['MQTT'], streamname: `stream-${ordinal}`, files: [] } });
    case 'unicode':
      return JSON.stringify({ operation: 'grüßen 🌍', zeichen: '漢字\u0001"\\', ordinal });
    case 'unclean':
      return JSON.stringify({ steps: [{ action: { name: 'bell\u0007\n', type: 'runHandler', input: {} } }], ordinal });
    case 'oversize':
      return JSON.stringify({ operation: 'reboot', padding: 'x'.repeat(20 * kibibyte) });
  }
}

/** The version that a firmware document of this ordinal installs; every ordinal has its own. */
export function firmwareVersion(ordinal: number): string {
  return `${ordinal + 2}.0.0`;
}

/** What the imaginary server holds at an address that {@link documentText} wrote. */
export function imageCondition(url: string): 'good' | 'missing' | 'corrupt' | 'failing' {
  return (['missing', 'corrupt', 'failing'] as const).find((condition) => url.includes(condition)) ?? 'good';
}

function firmware(kind: DocumentKind, ordinal: number): string {
  return JSON.stringify({
    operation: 'firmware',
    version: firmwareVersion(ordinal),
    image: {
      url: `https://files.example/${kind}-${ordinal}.bin`,
      sizeBytes:
        kind === 'large-firmware'
          ? largeImageBytes
          : imageKibibytes[ordinal % imageKibibytes.length]! * kibibyte + (ordinal % 3) * 100,
      sha256: ordinal.toString(16).padStart(64, 'a'),
    },
  });
}

function handler(name: string, ordinal: number): object {
  return { action: { name, type: 'runHandler', input: { handler: `${name}.sh`, args: [`${ordinal}`] } } };
}
