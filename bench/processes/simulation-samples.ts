/** A child process for the figures of the simulation, so that its heap holds nothing else. */
import { letDieYoung } from '../../broker/garbage-collection.ts';
import { serveParent } from '../../rig/process/serve-parent.ts';
import { measureSimulation } from '../simulation.ts';

export type SimulationQuestions = typeof questions;

const questions = {
  measure: async ({ runs }: { readonly runs: number }) => measureSimulation(runs),
};

letDieYoung();
serveParent(questions);
