/** The engine alone: how fast it is, whether its cost grows with what it holds, whether bulk work blocks. See `../engine.ts`. */
import { startBenchProcess } from '../bench-process.ts';
import type { Measurement, Size } from '../figures.ts';
import type { EngineQuestions } from '../processes/engine-samples.ts';
import { medianOf, spreadOf } from '../rounds.ts';

export async function measureEngineAlone(
  { rounds }: Size,
  say: (text: string) => void,
): Promise<readonly Measurement[]> {
  const process = startBenchProcess<EngineQuestions>('engine-samples');
  try {
    say(`${rounds} runs in a world of 1,000 things and in one of 100,000`);
    const { commandsPerSecond, growth, deletionLongestMs } = await process.ask('measure', { runs: rounds });
    const micros = 1e6 / medianOf(commandsPerSecond, (rate) => rate);
    return [
      {
        figure: 'engine',
        value: spreadOf(commandsPerSecond),
        note: `CPU µs a command ${micros.toFixed(2)}`,
        samples: [{ commandsPerSecond }],
      },
      {
        figure: 'growth',
        value: spreadOf(growth),
        note: '1,000 things, 10 jobs → 100,000 things, 1,000 jobs',
        samples: [{ growth }],
      },
      {
        figure: 'blocking',
        value: spreadOf(deletionLongestMs),
        note: 'the longest single command, without what other programs take',
        samples: [{ deletionLongestMs }],
      },
    ];
  } finally {
    await process.stop();
  }
}
