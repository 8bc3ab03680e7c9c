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
  (edition) => withImage(edition, { url: 'ftp://files.example/odd.bin' }),
  (edition) => withImage(edition, { url: undefined }),
  (edition) => withImage(edition, { sizeBytes: 0 }),
  (edition) => withImage(edition, { sizeBytes: 1.5 }),
  (edition) => withImage(edition, { sizeBytes: '8192' }),
  (edition) => withImage(edition, { sizeBytes: 1024 * kibibyte * kibibyte }),
  (edition) => withImage(edition, { sha256: 'abc' }),
  (edition) => withImage(edition, { sha256: 1 }),
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

/** Every one of them, for tests. */
export function oddDocuments(edition: number): readonly Document[] {
  return makers.map((make) => make(edition));
}
