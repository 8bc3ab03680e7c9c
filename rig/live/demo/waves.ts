/**
 * The firmware job of the demo as scenarios: a wave is a dozen things whose jobs are pulled at every step of the update, then
 * made again under the same ids, followed by a canary and a power cut. One that is pulled late loses its power before that, while
 * it writes. Who is pulled where follows from the number of things alone: nine of a wave are pulled at one step each, one is left
 * alone, two share a job with another and are pulled wherever they are when that job is deleted.
 */
import { type Step, steps } from '../../../observation/execution.ts';
import type {
  CreateJobDeed,
  Deed,
  Entry,
  Expected,
  GivenThing,
  JobDocument,
  Scenario,
} from '../../scenario/contract.ts';
import { plainScenario } from '../../scenario/plain.ts';

export interface Wave {
  readonly number: number;
  readonly scenario: Scenario;
  /** Where each thing is to be pulled; `undefined`: it is left alone, or shares the job of another. */
  readonly cast: ReadonlyMap<string, Step | undefined>;
}

export interface WaveOptions {
  readonly firmware: FirmwareDocument;
  /** A job that every device can do at once and without a reboot. */
  readonly canary: JobDocument;
  readonly hardwareOf: (thingName: string) => string | undefined;
  readonly seed: number;
}

/** A job document in our own form. */
export interface FirmwareDocument {
  readonly [member: string]: unknown;
  readonly operation: 'firmware';
  readonly version: string;
  readonly image: { readonly url: string; readonly sizeBytes: number; readonly sha256: string };
}

export const demoNamespace = 'jobrig-demo';

/** What happens to a device: its execution is deleted, in a namespace perhaps, or its whole job. */
type Way = 'plain' | 'whole' | 'namespaced';
const ways: readonly Way[] = ['plain', 'whole', 'namespaced', 'plain'];
const aloneAt = steps.length;
export const waveSize = steps.length + 3;
/** Sooner than an idle agent asks by itself, which would hide a lost hint. */
const canaryMs = 600_000;
const offForMs = 1000;

interface Role {
  readonly thing: string;
  readonly job: string;
  readonly way: Way;
  readonly step?: Step;
}

export function planWaves(thingNames: readonly string[], options: WaveOptions): readonly Wave[] {
  const waves: Wave[] = [];
  for (let start = 0; start < thingNames.length; start += waveSize) {
    const number = waves.length + 1;
    const roles = rolesOf(thingNames.slice(start, start + waveSize), waves.length);
    const cast = new Map(roles.map(({ thing, step }) => [thing, step]));
    waves.push({ number, scenario: waveScenario(number, roles, options), cast });
  }
  return waves;
}

function rolesOf(things: readonly string[], round: number): readonly Role[] {
  const wayAt = (place: number): Way => ways[(place + round) % ways.length]!;
  const jobAt = (place: number): string => {
    const way = wayAt(place);
    if (way === 'plain') return 'firmware';
    return way === 'namespaced' ? 'firmware-namespaced' : `firmware-whole-${place + 1}`;
  };
  const whole = steps.map((_, place) => place).filter((place) => wayAt(place) === 'whole');
  return things.map((thing, place): Role => {
    const step = steps[place];
    if (step !== undefined) return { thing, job: jobAt(place), way: wayAt(place), step };
    if (place === aloneAt) return { thing, job: 'firmware', way: 'plain' };
    return { thing, job: jobAt(whole[place - aloneAt - 1] ?? whole[0]!), way: 'whole' };
  });
}

function waveScenario(number: number, roles: readonly Role[], options: WaveOptions): Scenario {
  const { firmware, canary, hardwareOf, seed } = options;
  const jobs = [...new Set(roles.map(({ job }) => job))];
  const creations = jobs.map((job) => creationOf(job, roles));
  // A pull past the reboot leaves the device with the new version: what is made again is the next one.
  const again = creations.map((creation): Deed => ({ ...creation, document: nextRelease(firmware) }));
  return plainScenario({
    id: `wave-${number}`,
    claim: 'Every device comes to rest after its job was pulled, does the job when it is made again, and a canary.',
    about: 'V4',
    theme: 'demo',
    needs: ['steps', 'view'],
    given: {
      things: roles.map(({ thing }): GivenThing => {
        const hardware = hardwareOf(thing);
        return { thing, ...(hardware !== undefined && { hardware }) };
      }),
      document: firmware,
      namespaces: [demoNamespace],
      seed,
    },
    meanwhile: [...roles.flatMap((role) => pullOf(role)), ...cutOf(roles)],
    script: [
      { deeds: creations },
      {
        when: { on: 'settled' },
        deeds: [{ do: 'end-faults' }, ...jobs.map((job) => deletionOf(job)), ...again],
      },
      { when: { on: 'settled' }, deeds: [{ do: 'create-job', job: 'canary', document: canary }] },
      { when: { on: 'settled' }, deeds: roles.map(({ thing }): Deed => ({ do: 'power', offForMs, thing })) },
    ],
    expect: [
      ...roles.map(({ thing, job }): Expected => ({
        job,
        thing,
        status: ['SUCCEEDED'],
        sideEffects: 'once',
        version: 'new',
      })),
      { job: 'canary', status: ['SUCCEEDED'], withinMs: canaryMs, sideEffects: 'once' },
    ],
  });
}

/** Another image under another version. */
function nextRelease({ image, version, ...rest }: FirmwareDocument): FirmwareDocument {
  const next = version.replace(/\d+$/, (patch) => `${Number(patch) + 1}`);
  const sha256 = [...image.sha256].reverse().join('');
  return {
    ...rest,
    operation: 'firmware',
    version: next,
    image: { ...image, url: image.url.replace(version, next), sha256 },
  };
}

function creationOf(job: string, roles: readonly Role[]): CreateJobDeed {
  const things = roles.filter((role) => role.job === job).map(({ thing }) => thing);
  return { do: 'create-job', job, things, ...namespaceOf(job) };
}

function deletionOf(job: string): Deed {
  return { do: 'delete-job', job, force: true, ...namespaceOf(job) };
}

function pullOf({ thing, job, way, step }: Role): readonly Entry[] {
  if (step === undefined) return [];
  const deed: Deed =
    way === 'whole' ? deletionOf(job) : { do: 'delete-execution', job, thing, force: true, ...namespaceOf(job) };
  return [{ when: { on: 'step', step, thing, job }, deeds: [deed] }];
}

/** A job that begins again where it was when the power went (V5): of the device that is pulled last, if that is after it wrote. */
function cutOf(roles: readonly Role[]): readonly Entry[] {
  const role = roles.findLast(({ step }) => step !== undefined && steps.indexOf(step) > steps.indexOf('write'));
  if (role === undefined) return [];
  const { thing, job } = role;
  return [{ when: { on: 'step', step: 'write', thing, job }, deeds: [{ do: 'power', offForMs, thing }] }];
}

function namespaceOf(job: string): { readonly namespace?: string } {
  return job.endsWith('namespaced') ? { namespace: demoNamespace } : {};
}
