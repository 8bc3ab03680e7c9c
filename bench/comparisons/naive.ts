/**
 * What the design of the MQTT door is worth: the same engine, the same fleet of MQTT.js clients, behind our door and behind
 * a naive wiring of the same broker. Judged by CPU time of both processes together, which is what bounds executions/s on
 * a machine of two cores; also tells what a connected thing costs in memory.
 */
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { compareLifecycles, type LifecycleSample } from './lifecycles.ts';

export async function compareWithNaive(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const pairs = await compareLifecycles({ ours: 'jobs-service', theirs: 'naive-service' }, 'MQTT.js', size, say);
  const ours = pairs.map((pair) => pair.ours);
  const byTheClock = medianOf(pairs, (pair) => pair.ours.executionsPerSecond / pair.theirs.executionsPerSecond);
  return [
    {
      figure: 'naive',
      value: spreadOf(pairs.map((pair) => totalMicros(pair.theirs) / totalMicros(pair.ours))),
      note: `CPU µs a lifecycle, service + fleet ${sides(ours)} : ${sides(pairs.map((pair) => pair.theirs))}; by the clock ${byTheClock.toFixed(2)}×`,
      samples: pairs,
    },
    {
      figure: 'memory',
      value: spreadOf(ours.map((sample) => sample.bytesPerThing / 1024)),
      note: `${size.things} things over TCP, above the empty processes`,
      samples: [],
    },
  ];
}

function totalMicros({ serviceMicros, fleetMicros }: LifecycleSample): number {
  return serviceMicros + fleetMicros;
}

function sides(samples: readonly LifecycleSample[]): string {
  const service = medianOf(samples, (sample) => sample.serviceMicros);
  const fleet = medianOf(samples, (sample) => sample.fleetMicros);
  return `${service.toFixed(0)} + ${fleet.toFixed(0)}`;
}
