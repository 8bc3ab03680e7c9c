/**
 * Our service beside Mosquitto: the same four packets an exchange, the same topics and payload, 10,000 clients on each.
 * Ours answers UpdateJobExecution with all that this means; Mosquitto hands the client its own message back. Both are asked
 * by the same load in turn. Judged by what one core of the service could do (CPU time an exchange): by the clock the load,
 * which shares the machine, is the limit.
 */
import type { Child, Measured } from '../../rig/process/child.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { Measurement, Size } from '../figures.ts';
import type { Latency } from '../load/latency.ts';
import { findMosquitto, startMosquitto } from '../mosquitto.ts';
import type { EchoLoadQuestions } from '../processes/echo-load.ts';
import { interleave, medianOf, spreadOf } from '../rounds.ts';
import type { ServiceQuestions } from '../services/service-questions.ts';

interface Sample {
  readonly serviceMicros: number;
  readonly exchangesPerSecond: number;
  readonly latency: Latency;
}

const payload = '{"status":"IN_PROGRESS","statusDetails":{"step":"write","percent":"60"}}';

export async function compareWithMosquitto(size: Size, say: (text: string) => void): Promise<readonly Measurement[]> {
  const path = findMosquitto();
  if (path === undefined) {
    say('left out: Mosquitto is not installed (apt-get install mosquitto)');
    return [];
  }
  const started: Measured[] = [];
  const keep = <Process extends Measured>(process: Process): Process => {
    started.push(process);
    return process;
  };
  try {
    const service = keep(startBenchProcess<ServiceQuestions>('jobs-service'));
    const mosquitto = keep(await startMosquitto(path));
    const [ourLoad, theirLoad] = [keep(startLoad()), keep(startLoad())];

    const mqttPort = await service.ask('open', { things: size.things });
    const jobId = await service.ask('begin', undefined);
    await service.ask('queueAll', undefined);
    const requestTopic = `$aws/things/THING/jobs/${jobId}/update`;
    say(`connecting ${size.things} clients to each`);
    await ourLoad.ask('connect', {
      port: mqttPort,
      clients: size.things,
      requestTopic,
      answerTopic: `${requestTopic}/accepted`,
    });
    await theirLoad.ask('connect', {
      port: mosquitto.port,
      clients: size.things,
      requestTopic,
      answerTopic: requestTopic,
    });

    const pairs = await interleave(
      {
        ours: () => measure(service, ourLoad, size),
        theirs: () => measure(mosquitto, theirLoad, size),
      },
      size.rounds,
      (done) => say(`round ${done} of ${size.rounds}`),
    );
    return [measurementOf(pairs)];
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}

function startLoad(): Child<EchoLoadQuestions> {
  return startBenchProcess<EchoLoadQuestions>('echo-load');
}

async function measure(service: Measured, load: Child<EchoLoadQuestions>, size: Size): Promise<Sample> {
  const { exchanges, window } = size;
  const before = await service.usage();
  const { elapsedMs, latency } = await load.ask('run', { exchanges, window, payload });
  const after = await service.usage();
  return {
    serviceMicros: (after.cpuMicros - before.cpuMicros) / exchanges,
    exchangesPerSecond: (exchanges * 1000) / elapsedMs,
    latency,
  };
}

function measurementOf(pairs: readonly { readonly ours: Sample; readonly theirs: Sample }[]): Measurement {
  const ours = pairs.map((pair) => pair.ours);
  const theirs = pairs.map((pair) => pair.theirs);
  const micros = (samples: readonly Sample[]) => medianOf(samples, (sample) => sample.serviceMicros).toFixed(1);
  const byTheClock = medianOf(pairs, (pair) => pair.ours.exchangesPerSecond / pair.theirs.exchangesPerSecond);
  return {
    figure: 'mosquitto',
    value: spreadOf(pairs.map((pair) => pair.theirs.serviceMicros / pair.ours.serviceMicros)),
    note: `CPU µs an exchange ${micros(ours)} : ${micros(theirs)}; by the clock ${byTheClock.toFixed(2)}×`,
    samples: pairs,
  };
}
