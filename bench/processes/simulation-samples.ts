/** A child process for the figures of the simulation, so that its heap holds nothing else. */
import { serveParent } from '../../rig/load/process/serve-parent.ts';
import { measureSimulation } from '../simulation.ts';

export type SimulationQuestions = typeof questions;

const questions = {
  measure: async ({ runs }: { readonly runs: number }) => measureSimulation(runs),
};

serveParent(questions);
