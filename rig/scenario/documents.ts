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
          sizeBytes: imageBytes ?? usualImageBytes(edition),
          sha256: edition.toString(16).padStart(64, 'a'),
        },
      });
    case 'stream':
      return JSON.stringify(otaDocument(edition, imageBytes ?? usualImageBytes(edition)));
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

function usualImageBytes(edition: number): number {
  return imageKibibytes[edition % imageKibibytes.length]! * kibibyte + (edition % 3) * 100;
}

/** As OTA updates of AWS IoT are (docs/reference/streams-and-ota.md §3); devices read the version from the attributes. */
function otaDocument(edition: number, filesize: number): object {
  const file = {
    filepath: '/firmware',
    filesize,
    fileid: 0,
    certfile: null,
    attr: { version: firmwareVersion(edition) },
    update_data_url: null,
    auth_scheme: null,
    'sig-sha256-ecdsa': edition.toString(16).padStart(64, 'a'),
  };
  return { afr_ota: { protocols: ['MQTT'], streamname: `stream-${edition}`, files: [file] } };
}

/** The stream that a document's image comes by, and the size of that image. */
export function streamNamedIn(document: string): { readonly streamId: string; readonly bytes: number } | undefined {
  const { afr_ota: update } = JSON.parse(document) as {
    readonly afr_ota?: { streamname?: string; files?: { filesize: number }[] };
  };
  const bytes = update?.files?.[0]?.filesize;
  return update?.streamname === undefined || bytes === undefined ? undefined : { streamId: update.streamname, bytes };
}

/** The version that a firmware document of this edition installs; every edition has its own. */
export function firmwareVersion(edition: number): string {
  return `${edition + 2}.0.0`;
}

function handler(name: string, edition: number): object {
  return { action: { name, type: 'runHandler', input: { handler: `${name}.sh`, args: [`${edition}`] } } };
}
