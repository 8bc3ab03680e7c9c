/**
 * What the Jobs service itself costs: our service beside a responder that sends the same packets by the same ways without
 * reading them, both with the clients that agents use. Judged as `naive.ts` judges, by CPU time of both processes; what the
 * logic is to the service alone stands behind the figure.
 */
import type { Measurement, Size } from '../figures.ts';
import { medianOf, spreadOf } from '../rounds.ts';
import { byTheClock, compareLifecycles, micros, totalMicros } from './lifecycles.ts';

export async function compareWithoutLogic(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const pairs = await compareLifecycles({ ours: 'jobs-service', theirs: 'canned-service' }, 'MQTT.js', size, say);
  const [ours, theirs] = [pairs.map((pair) => pair.ours), pairs.map((pair) => pair.theirs)];
  const alone = medianOf(pairs, (pair) => pair.theirs.serviceMicros / pair.ours.serviceMicros);
  return [
    {
      figure: 'logic',
      value: spreadOf(pairs.map((pair) => totalMicros(pair.theirs) / totalMicros(pair.ours))),
      note: `CPU µs a lifecycle, service + fleet ${micros(ours)} : ${micros(theirs)}, the service alone ${alone.toFixed(2)}×; by the clock ${byTheClock(pairs)}`,
      samples: pairs,
    },
  ];
}
