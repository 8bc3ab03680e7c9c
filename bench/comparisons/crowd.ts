/**
 * How long one healthy device waits for its answer beside a crowd that means no good: thousands that never read what they are
 * told while others speak to all of them, floods of PINGREQ and of requests, thousands that ask often, floods of HTTP. Each kind of
 * crowd meets a service of its own. Time in which another program of the machine had the core does not count.
 */
import { startBenchProcess } from '../bench-process.ts';
import type { Measurement, Size } from '../figures.ts';
import type { CrowdQuestions, Way } from '../processes/crowd.ts';
import type { NeighbourLatency, NeighbourQuestions } from '../processes/neighbour.ts';
import { spreadOf } from '../rounds.ts';
import type { ServiceQuestions } from '../services/service-questions.ts';

interface CrowdSample {
  readonly crowd: string;
  readonly alone: NeighbourLatency;
  readonly beside: NeighbourLatency;
  /** Of the service, while the crowd is there. */
  readonly peakBytes: number;
}

const crowds = (things: number): readonly (readonly [Way, number])[][] => [
  [
    ['deaf', things],
    ['speaking', 10],
  ],
  [
    ['unacknowledging', Math.ceil(things / 10)],
    ['speaking', 10],
  ],
  [
    ['pinging', 20],
    ['asking', 20],
    ['halting', 200],
  ],
  [['pestering', things]],
  [
    ['calling', 200],
    ['arriving', 50],
  ],
];

const byHttp: ReadonlySet<Way> = new Set(['calling', 'arriving']);

export async function measureBesideCrowds(
  { things, rounds }: Size,
  say: (text: string) => void,
): Promise<readonly Measurement[]> {
  const samples: CrowdSample[] = [];
  for (const crowd of crowds(things)) {
    const sample = await besides(crowd, rounds);
    samples.push(sample);
    const { alone, beside, peakBytes } = sample;
    say(
      `${sample.crowd}: p99 ${alone.own.p99.toFixed(1)} ms alone, ${beside.own.p99.toFixed(1)} ms beside it (with waiting for a core ${beside.whole.p99.toFixed(1)}), max ${beside.own.max.toFixed(0)} ms, ${Math.round(peakBytes / 1024 / 1024)} MB`,
    );
  }
  const note = samples.map(
    ({ crowd, alone, beside }) => `${crowd} ${beside.own.p99.toFixed(1)} (${alone.own.p99.toFixed(1)})`,
  );
  return [
    {
      figure: 'crowd',
      value: spreadOf([Math.max(...samples.map(({ beside }) => beside.own.p99))]),
      note: `p99 beside (and without): ${note.join('; ')} ms`,
      samples,
    },
  ];
}

/** As many seconds as there are rounds, without the crowd and then beside it. */
async function besides(crowd: readonly (readonly [Way, number])[], rounds: number): Promise<CrowdSample> {
  const service = startBenchProcess<ServiceQuestions>('jobs-service');
  const neighbour = startBenchProcess<NeighbourQuestions>('neighbour');
  const others = startBenchProcess<CrowdQuestions>('crowd');
  try {
    const port = await service.ask('open', { things: 10 });
    await neighbour.ask('come', { port, thingName: 'neighbour', servicePid: service.pid! });
    await seconds(rounds);
    const alone = await neighbour.ask('latency');
    const httpPort = await service.ask('httpPort', undefined);
    for (const [way, clients] of crowd) {
      await others.ask('come', { port: byHttp.has(way) ? httpPort : port, clients, way });
    }
    await neighbour.ask('latency');
    let peakBytes = 0;
    for (let second = 0; second < rounds * 2; second += 1) {
      await seconds(1);
      peakBytes = Math.max(peakBytes, (await service.usage()).residentBytes);
    }
    const beside = await neighbour.ask('latency');
    return { crowd: crowd.map(([way, clients]) => `${clients} ${way}`).join(', '), alone, beside, peakBytes };
  } finally {
    await Promise.all([service, neighbour, others].map((process) => process.stop()));
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });
}
