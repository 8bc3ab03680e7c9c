/**
 * Job documents by kind, for jobs whose document is not the user's own: the forms that `fixtures/job-documents/` holds, in sizes
 * that keep a run short. The same kind and ordinal always give the same text. What an agent makes of them is its own matter.
 */
import type { DocumentKind } from './contract.ts';

const kibibyte = 1024;
const imageKibibytes = [8, 24, 64, 20];
export function documentText(kind: DocumentKind | 'yours', ordinal: number): string {
  switch (kind) {
    case 'yours':
    case 'firmware':
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

function firmware(kind: DocumentKind | 'yours', ordinal: number): string {
  return JSON.stringify({
    operation: 'firmware',
    version: firmwareVersion(ordinal),
    image: {
      url: `https://files.example/${kind}-${ordinal}.bin`,
      sizeBytes: imageKibibytes[ordinal % imageKibibytes.length]! * kibibyte + (ordinal % 3) * 100,
      sha256: ordinal.toString(16).padStart(64, 'a'),
    },
  });
}

function handler(name: string, ordinal: number): object {
  return { action: { name, type: 'runHandler', input: { handler: `${name}.sh`, args: [`${ordinal}`] } } };
}
