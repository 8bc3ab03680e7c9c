/**
 * Job documents by kind, for jobs whose document is not the user's own: the forms that `fixtures/job-documents/` holds, in sizes
 * that keep a run short. The same kind, edition and size always give the same text. What an agent makes of them is its own
 * matter.
 */
import type { DocumentKind } from './contract.ts';

const kibibyte = 1024;
const imageKibibytes = [8, 24, 64, 20];

export interface DocumentOptions {
  /** Makes documents of one kind differ: version, digest, arguments. */
  readonly edition: number;
  /** Of firmware; absent: from 8 to 64 KiB, told from the edition. */
  readonly imageBytes?: number;
}

export function documentText(kind: DocumentKind | 'yours', { edition, imageBytes }: DocumentOptions): string {
  switch (kind) {
    case 'yours':
    case 'firmware':
      return JSON.stringify({
        operation: 'firmware',
        version: firmwareVersion(edition),
        image: {
          url: `https://files.example/firmware-${edition}.bin`,
          sizeBytes: imageBytes ?? imageKibibytes[edition % imageKibibytes.length]! * kibibyte + (edition % 3) * 100,
          sha256: edition.toString(16).padStart(64, 'a'),
        },
      });
    case 'handlers':
      return JSON.stringify({ version: '1.0', steps: [handler('prepare', edition), handler('apply', edition)] });
    case 'reboot':
      return JSON.stringify({ operation: 'reboot' });
    case 'foreign':
      return JSON.stringify({ afr_ota: { protocols: ['MQTT'], streamname: `stream-${edition}`, files: [] } });
    case 'unicode':
      return JSON.stringify({ operation: 'grüßen 🌍', zeichen: '漢字\u0001"\\', ordinal: edition });
    case 'unclean': {
      const steps = [{ action: { name: 'bell\u0007\n', type: 'runHandler', input: {} } }];
      return JSON.stringify({ steps, ordinal: edition });
    }
    case 'oversize':
      return JSON.stringify({ operation: 'reboot', padding: 'x'.repeat(20 * kibibyte) });
  }
}

/** The version that a firmware document of this edition installs; every edition has its own. */
export function firmwareVersion(edition: number): string {
  return `${edition + 2}.0.0`;
}

function handler(name: string, edition: number): object {
  return { action: { name, type: 'runHandler', input: { handler: `${name}.sh`, args: [`${edition}`] } } };
}
