/**
 * What the design of the MQTT door is worth: the same engine, the same fleet of MQTT.js clients, behind our door and behind
 * a naive wiring of the same broker. Judged by CPU time of both processes together, which is what bounds executions/s on
 * a machine of two cores; also tells what a connected thing costs in memory.
 */
import type { Measurement, Size } from '../figures.ts';
import { spreadOf } from '../rounds.ts';
import { byTheClock, compareLifecycles, micros, totalMicros } from './lifecycles.ts';

export async function compareWithNaive(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const pairs = await compareLifecycles({ ours: 'jobs-service', theirs: 'naive-service' }, 'MQTT.js', size, say);
  const [ours, theirs] = [pairs.map((pair) => pair.ours), pairs.map((pair) => pair.theirs)];
  return [
    {
      figure: 'naive',
      value: spreadOf(pairs.map((pair) => totalMicros(pair.theirs) / totalMicros(pair.ours))),
      note: `CPU µs a lifecycle, service + fleet ${micros(ours)} : ${micros(theirs)}; by the clock ${byTheClock(pairs)}`,
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
