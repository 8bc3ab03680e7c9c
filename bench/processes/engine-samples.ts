/** A child process for the figures of the engine alone, so that its heap holds nothing else. */
import { measureEngine } from '../engine.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';

export type EngineQuestions = typeof questions;

const questions = {
  measure: async ({ runs }: { readonly runs: number }) => measureEngine(runs),
};

serveParent(questions);
