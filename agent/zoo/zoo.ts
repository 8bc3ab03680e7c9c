/** All agents of the zoo, by section of the catalogue. docs/zoo.md is the table of what each does in each scenario. */
import { lostSessions } from './lost-sessions.ts';
import { pulledJobs } from './pulled-jobs.ts';
import { reboots } from './reboots.ts';
import { refusedRequests } from './refused-requests.ts';
import { smallHardware } from './small-hardware.ts';
import type { ZooAgent } from './zoo-agent.ts';

export const zoo: readonly ZooAgent[] = [
  ...pulledJobs,
  ...refusedRequests,
  ...lostSessions,
  ...reboots,
  ...smallHardware,
];
