/**
 * How V8 collects garbage, where what it does by itself is wrong for a service or a simulation. Each holds for the whole process.
 * Figures: docs/performance.md.
 */
import { setFlagsFromString } from 'node:v8';

/** Of a flag that it does not know, V8 complains. */
const newestKnownNode = 26;

/**
 * V8 makes objects of a kind in its old generation once many of that kind have stayed for a while. Here that is wrong twice. While
 * many answers wait for one commit, as when a fleet is registered, what is made for an answer stays, and is dead soon after; and what
 * a world in virtual time is made of stays for as long as it is played. Made old, it still counts as a root of the young generation
 * when it is dead, so that each scavenge copies all that it held: a fifth of a durable service's time, a sixth of a simulation's.
 * What is compiled before keeps what it learnt.
 */
export function letDieYoung(): void {
  set('--no-allocation-site-pretenuring');
}

/**
 * V8 collects its young generation when 13 of its 16 MB are full: with 3,000 devices that stops the loop for 3 ms, after every 750 executions.
 * At a quarter, 4 MB, it stops for 1 ms, three times as often. The 64 exchanges that wait for a pause are more than one in a hundred either
 * way, so that it is in what the slowest wait: a quarter less, for two to four hundredths more of CPU, and with fewer pages in use. Not
 * where answers wait for a commit: what waits is there for longer than that, so that it would be copied more often and made old.
 */
export function pauseBriefly(): void {
  set('--minor-gc-task-trigger=25');
}

function set(flag: string): void {
  if (Number.parseInt(process.versions.node, 10) <= newestKnownNode) setFlagsFromString(flag);
}
