/**
 * V8: the device boots no more often than it has reason to: an update needs a boot or two, a power cut by the rig one, a sagging
 * supply some. A program that exits to reboot is a device that boots; so is one that exits because its connection is lost.
 */
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import { type ClaimDefinition, notObserved, pass } from '../claim.ts';

/** Faults that take a connection away, or do not let one come about. */
const outage = /link|partition|session|connect|subscribe|restart|second-client/;

export const noCrashLoop: ClaimDefinition = {
  id: 'V8',
  name: 'no crash loop',
  statement: 'boots no more often than it has reason to',
  needs: [],
  begin({ record, limits, broke }) {
    /** Boots of the rig's own making: power given back, programs that it ended. */
    let byRig = 0;
    let outages = 0;
    let weakSupplies = 0;
    let boots = 0;
    let restarts = 0;
    const evidence: Observation[] = [];

    /** A power cut makes a device forget how often it has crashed on a weak supply: its pauses begin anew. */
    function explained(): number {
      const weak = weakSupplies === 0 ? 0 : limits.bootsOnWeakSupply * (weakSupplies + byRig);
      return byRig + weak + limits.bootsPerExecution * record.executions + limits.spareBoots;
    }

    function note(seen: Observation): void {
      evidence.push(seen);
      if (evidence.length > 8) evidence.shift();
    }

    function programSaid(seen: ObservationOf<'program'>): void {
      if (seen.event === 'started') return;
      if (seen.byRig) return void (byRig += 1);
      restarts += 1;
      note(seen);
      const most = explained() + limits.restartsPerOutage * outages;
      if (restarts <= most) return;
      const how = seen.signal === null ? `code ${seen.code}` : seen.signal;
      broke({
        sign: 'restarts-again-and-again',
        reason: `the program ended ${restarts} times by itself, last with ${how}; ${most} can be explained`,
        evidence: [...evidence],
      });
    }

    return {
      observer: {
        'traced boot'(seen) {
          boots = seen.trace.boots;
          note(seen);
          const most = explained();
          if (boots <= most) return;
          broke({
            sign: 'boots-again-and-again',
            reason: `${boots} boots; ${most} can be explained`,
            evidence: [...evidence],
          });
        },
        power({ on }) {
          if (!on) byRig += 1;
        },
        program: programSaid,
        fault({ name }) {
          if (name === 'weak-battery') weakSupplies += 1;
          else if (outage.test(name)) outages += 1;
        },
      },
      conclude() {
        if (boots > 0) return pass(`${boots} boots; ${explained()} can be explained`);
        if (restarts > 0) return pass(`the program ended ${restarts} times by itself`, evidence);
        if (record.connects > 0) return pass(`connected ${record.connects} times`, [record.connected]);
        return notObserved('the device never connected');
      },
    };
  },
};
