/**
 * Documents that a swarm's operator sends now and then: right ones in other forms, and ones with one mistake each. How each must
 * end follows from what it says (document-law.ts). Draws only.
 */
import type { Chance } from '../../faults/chance.ts';
import { firmwareVersion } from './documents.ts';

type Document = Readonly<Record<string, unknown>>;

const kibibyte = 1024;

function firmware(edition: number): {
  readonly operation: string;
  readonly version: unknown;
  readonly image: Document;
} {
  return {
    operation: 'firmware',
    version: firmwareVersion(edition),
    image: {
      url: `http://files.example/odd-${edition}.bin`,
      sizeBytes: 5 * kibibyte + edition,
      sha256: edition.toString(16).padStart(64, 'B'),
    },
  };
}

function withImage(edition: number, image: Document): Document {
  const whole = firmware(edition);
  return { ...whole, image: { ...whole.image, ...image } };
}

/** One document for each of these values. */
function withMember(member: string, values: readonly unknown[]): readonly ((edition: number) => Document)[] {
  return values.map((value) => (edition) => withImage(edition, { [member]: value }));
}

function steps(...actions: readonly Document[]): Document {
  return { version: '1.0', steps: actions.map((action) => ({ action })) };
}

function program(handler: string, more: Document = {}): Document {
  return { name: 'odd', type: 'runHandler', input: { handler }, ...more };
}

function command(text: unknown, more: Document = {}): Document {
  return { name: 'odd', type: 'runCommand', input: { command: text }, ...more };
}

const makers: readonly ((edition: number) => Document)[] = [
  // Right ones.
  (edition) => firmware(edition),
  (edition) => ({ ...firmware(edition), version: `${firmwareVersion(edition)}-${'v'.repeat(64)}`.slice(0, 64) }),
  // Near the size of receive buffers, so that some messages fit and others do not.
  (edition) => ({ ...firmware(edition), notes: 'x'.repeat(500 + 40 * (edition % 8)) }),
  (edition) => ({ ...firmware(edition), notes: 'x'.repeat(850 + 60 * (edition % 8)) }),
  (edition) => ({ operation: 'reboot', notes: 'x'.repeat(700 + 70 * (edition % 8)) }),
  (edition) => withImage(edition, { sizeBytes: 1 }),
  () => steps(command('echo,hello'), command(' date ')),
  () => ({ ...steps(program('one.sh')), finalStep: { action: program('last.sh') } }),
  () => steps(program('false', { ignoreStepFailure: 'true' }), program('two.sh')),
  () => steps(command('false', { ignoreStepFailure: true }), program('two.sh')),
  () => steps(...Array.from({ length: 32 }, () => command('true'))),
  // Ones that cannot succeed.
  () => steps(program('one.sh'), program('/bin/false'), program('three.sh')),
  () => steps(command('false')),
  // Ones with a mistake.
  (edition) => ({ ...firmware(edition), version: '' }),
  (edition) => ({ ...firmware(edition), version: 7 }),
  (edition) => ({ ...firmware(edition), version: 'v'.repeat(65) }),
  (edition) => ({ ...firmware(edition), image: 'odd.bin' }),
  ...withMember('url', ['ftp://files.example/odd.bin', undefined]),
  ...withMember('sizeBytes', [0, 1.5, '8192', 1024 * kibibyte * kibibyte]),
  ...withMember('sha256', ['abc', 1]),
  () => steps(),
  () => steps(...Array.from({ length: 33 }, () => command('true'))),
  () => steps(program('')),
  () => steps(program('one.sh', { name: '' })),
  () => steps(program('one.sh', { name: 3 })),
  () => steps(program('one.sh', { input: 'one.sh' })),
  () => steps(program('one.sh', { type: 'runDance' })),
  () => steps(program('one.sh', { input: { handler: 5 } })),
  () => steps(command('')),
  () => steps(command(1)),
  () => ({ version: '1.0', steps: [{ deed: 'odd' }] }),
  () => ({ version: '1.0', steps: ['odd'] }),
  () => ({ deploymentId: 'odd', components: {} }),
  () => ({}),
];

export function drawOddDocument(edition: number, chance: Chance): Document {
  return chance.pick(makers)(edition);
}

/** More with a mistake, which no seed draws: what a seed means must not change with each of them. */
const moreMakers: readonly ((edition: number) => Document)[] = [
  (edition) => ({ ...firmware(edition), version: undefined }),
  (edition) => ({ ...firmware(edition), image: undefined }),
  (edition) => ({ ...firmware(edition), image: null }),
  (edition) => ({ ...firmware(edition), image: [] }),
  ...withMember('url', [7, '']),
  ...withMember('sizeBytes', [-1, null]),
  ...withMember('sha256', ['g'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), null]),
  () => ({ version: '1.0', steps: [null] }),
  () => ({ version: '1.0', steps: [{ action: null }] }),
  () => ({ version: '1.0', steps: [{ action: ['odd'] }] }),
  () => ({ version: '1.0', steps: 'odd' }),
  () => steps(program('one.sh', { input: null })),
  () => steps(program('one.sh', { input: undefined })),
  () => steps(program('one.sh', { type: undefined })),
  () => ({ ...steps(program('one.sh')), finalStep: null }),
  () => ({ ...steps(program('one.sh')), finalStep: { action: {} } }),
  () => ({ components: {} }),
  () => ({ packages: {} }),
  () => ({ deploymentId: 'odd' }),
  () => ({ afr_ota: null }),
  () => ({ afr_ota: 'odd' }),
  () => ({ afr_ota: [] }),
  () => ({ afr_ota: {} }),
  () => ({ afr_ota: { files: 'odd' } }),
  () => ota({}, {}),
  ...[0, -1, 1.5, '8192'].map((filesize) => (edition: number) => ota({ filesize }, attrOf(edition))),
  (edition) => ota({ fileid: '0' }, attrOf(edition)),
  (edition) => ota({ fileid: undefined }, attrOf(edition)),
  (edition) => ota({ filesize: 1024 * kibibyte * kibibyte }, attrOf(edition)),
  (edition) => ({ afr_ota: { protocols: ['MQTT'], files: [otaFile({}, attrOf(edition))] } }),
  (edition) => ({ afr_ota: { protocols: 'MQTT', streamname: 'odd', files: [otaFile({}, attrOf(edition))] } }),
  (edition) => ({ afr_ota: { protocols: ['HTTP'], streamname: 'odd', files: [otaFile({}, attrOf(edition))] } }),
  () => ({ afr_ota: { protocols: ['MQTT'], streamname: 'odd', files: [otaFile({}, {}), otaFile({}, {})] } }),
  // Right ones: by a URL.
  (edition) => otaByUrl({}, edition),
  (edition) => otaByUrl({ filesize: 1 }, edition),
  (edition) => otaByUrl({ update_data_url: 'ftp://files.example/odd.bin' }, edition),
  (edition) => otaByUrl({ update_data_url: null }, edition),
];

/** A stream that does not exist: what cannot be fetched must not be begun for the other mistakes, and may fail for that one. */
function ota(file: Document, attr: Document): Document {
  return { afr_ota: { protocols: ['MQTT'], streamname: 'odd', files: [otaFile(file, attr)] } };
}

function otaByUrl(file: Document, edition: number): Document {
  const url = { update_data_url: `http://files.example/ota-${edition}.bin` };
  return { afr_ota: { protocols: ['HTTP'], files: [otaFile({ ...url, ...file }, attrOf(edition))] } };
}

function attrOf(edition: number): Document {
  return { version: firmwareVersion(edition) };
}

function otaFile(file: Document, attr: Document): Document {
  return {
    filepath: '/firmware',
    filesize: 8 * kibibyte,
    fileid: 0,
    attr,
    'sig-sha256-ecdsa': 'a'.repeat(64),
    ...file,
  };
}

/** Every one of them. */
export function oddDocuments(edition: number): readonly Document[] {
  return [...makers, ...moreMakers].map((make) => make(edition));
}
