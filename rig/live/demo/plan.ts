import { steps, type Step } from '../../../observation/execution.ts';
/**
 * Who is pulled where: the demo's casting, fixed by the number of things alone. Every tenth device is left alone; the others
 * take the nine steps in turn, and within each step the ways of pulling alternate, one in four of them namespaced and one in
 * four the deletion of the whole job.
 */

/** A job of one wave. `deletedWhole` jobs are pulled by DeleteJob, the others execution by execution. */
export interface JobPlan {
  readonly jobId: string;
  readonly namespaceId?: string;
  readonly deletedWhole: boolean;
  readonly devices: readonly DevicePlan[];
}

export interface DevicePlan {
  readonly thingName: string;
  /** Where it is pulled; absent: it is left alone. */
  readonly step?: Step;
}

export interface WavePlan {
  readonly number: number;
  readonly jobs: readonly JobPlan[];
}

/** Executions in flight at once, as performance.md measured it best. */
export const windowSize = 64;
export const demoNamespace = 'jobrig-demo';

type Kind = 'plain' | 'namespaced' | 'whole';
const kinds: readonly Kind[] = ['plain', 'whole', 'namespaced', 'plain'];
const castingLength = steps.length + 1;

export function planWaves(thingNames: readonly string[]): readonly WavePlan[] {
  const cast = thingNames.map((thingName, index) => ({ device: castingOf(thingName, index), kind: kindOf(index) }));
  const waves: WavePlan[] = [];
  for (let start = 0; start < cast.length; start += windowSize) {
    const number = waves.length + 1;
    const members = cast.slice(start, start + windowSize);
    const jobs = (['plain', 'namespaced', 'whole'] as const).map((kind): JobPlan => {
      const devices = members.filter((member) => member.kind === kind).map(({ device }) => device);
      const namespace = kind === 'namespaced' ? { namespaceId: demoNamespace } : {};
      return { jobId: `firmware-${number}-${kind}`, ...namespace, deletedWhole: kind === 'whole', devices };
    });
    waves.push({ number, jobs: jobs.filter(({ devices }) => devices.length > 0) });
  }
  return waves;
}

function castingOf(thingName: string, index: number): DevicePlan {
  const step = steps[index % castingLength];
  return step === undefined ? { thingName } : { thingName, step };
}

/** Devices that are left alone run the plain job, which is not deleted while they work. */
function kindOf(index: number): Kind {
  const place = index % castingLength;
  if (place >= steps.length) return 'plain';
  return kinds[(place + Math.floor(index / castingLength)) % kinds.length]!;
}
