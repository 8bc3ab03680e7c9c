/**
 * V8 makes objects of a kind in its old generation once many of that kind have stayed for a while. Here that is wrong twice. While
 * many answers wait for one commit, as when a fleet is registered, what is made for an answer stays, and is dead soon after; and what
 * a world in virtual time is made of stays for as long as it is played. Made old, it still counts as a root of the young generation
 * when it is dead, so that each scavenge copies all that it held: a fifth of a durable service's time, a sixth of a simulation's.
 */
import { setFlagsFromString } from 'node:v8';

/** Of a flag that it does not know, V8 complains. */
const newestKnownNode = 24;

/** For the whole process; what is compiled before keeps what it learnt. */
export function letDieYoung(): void {
  if (Number.parseInt(process.versions.node, 10) > newestKnownNode) return;
  setFlagsFromString('--no-allocation-site-pretenuring');
}
