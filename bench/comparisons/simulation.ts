/** The simulation alone: how many device executions it gets through. See `../simulation.ts`. */
import { startBenchProcess } from '../bench-process.ts';
import type { Measurement, Size } from '../figures.ts';
import type { SimulationQuestions } from '../processes/simulation-samples.ts';
import { medianOf, spreadOf } from '../rounds.ts';

export async function measureSimulationAlone(
  { rounds }: Size,
  say: (text: string) => void,
): Promise<readonly Measurement[]> {
  const process = startBenchProcess<SimulationQuestions>('simulation-samples');
  try {
    say(`${rounds} runs of 1,000 firmware executions on 50 devices`);
    const { executionsPerSecond, eventsPerExecution } = await process.ask('measure', { runs: rounds });
    const micros = 1e6 / medianOf(executionsPerSecond, (rate) => rate);
    return [
      {
        figure: 'simulation',
        value: spreadOf(executionsPerSecond),
        note: `CPU µs an execution ${micros.toFixed(0)}, ${eventsPerExecution.toFixed(0)} events each`,
        samples: [{ executionsPerSecond }],
      },
    ];
  } finally {
    await process.stop();
  }
}
