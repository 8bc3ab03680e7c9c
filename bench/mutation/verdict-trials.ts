/**
 * Tries mutants against the verdict, each in a thread of its own that is thrown away: a mutant may loop for ever or fill the memory. A
 * run that takes far more processor time than any run needs counts as noticed; a slow host does not make it so.
 */
import { Worker } from 'node:worker_threads';
import { bundleVerdict } from './bundle.ts';
import type { Mutant } from './mutants.ts';
import type { VerdictInput } from './verdict.ts';

export interface VerdictTrials {
  /** @returns what noticed it; `undefined`: nothing did. `same`: the code is the same but for its types. */
  run(mutant: Mutant | undefined): Promise<string | undefined>;
}

/** One run takes some milliseconds, the longest some hundred. */
const longestRunMs = 10_000;
const lookEveryMs = 500;
const mostMegabytes = 1024;

type FromThread = { readonly plays: string } | { readonly found: string | undefined };

/** The end of the bundle: what makes a program of it. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage({ found: exports.verdict(workerData, (label) => parentPort.postMessage({ plays: label })) });
`;

export async function openVerdictTrials(root: string, input: VerdictInput): Promise<VerdictTrials> {
  const unchanged = await bundleVerdict(root);
  return {
    async run(mutant) {
      const code = mutant === undefined ? unchanged : await bundleVerdict(root, mutant);
      if (mutant !== undefined && code === unchanged) return sameCode;
      return verdictOf(code, input);
    },
  };
}

/** No mutant at all: it counts nowhere. */
export const sameCode = 'the code is the same but for its types';

function verdictOf(code: string, input: VerdictInput): Promise<string | undefined> {
  return new Promise((resolve) => {
    const worker = new Worker(code + program, {
      eval: true,
      workerData: input,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    });
    let playing = 'the start';
    let since = process.cpuUsage();
    const finish = (found: string | undefined): void => {
      clearInterval(look);
      void worker.terminate();
      resolve(found);
    };
    // Nothing else in this process works meanwhile, so its processor time is the thread's.
    const look = setInterval(() => {
      const { user, system } = process.cpuUsage(since);
      if ((user + system) / 1000 > longestRunMs) finish(`${playing}: hangs`);
    }, lookEveryMs);
    worker.on('message', (message: FromThread) => {
      if ('found' in message) return finish(message.found);
      playing = message.plays;
      since = process.cpuUsage();
    });
    worker.on('error', (error: unknown) => finish(`${playing}: ${error instanceof Error ? error.message : 'throws'}`));
  });
}
