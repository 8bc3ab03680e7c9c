/**
 * V8: the device boots no more often than it has reason to: an update needs a boot or two, a power cut by the rig one, a sagging
 * supply some. A program that exits to reboot is a device that boots; so is one that exits because its connection is lost.
 */
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import { type Claim, type ClaimContext, type ClaimDefinition, type Conclusion, notObserved, pass } from '../claim.ts';

/** Faults that take a connection away, or do not let one come about. */
const outage = /link|partition|session|connect|subscribe|restart|second-client/;

export class NoCrashLoop implements Claim {
  static readonly definition: ClaimDefinition = {
    id: 'V8',
    name: 'no crash loop',
    statement: 'boots no more often than it has reason to',
    needs: [],
  };
  readonly #context: ClaimContext;
  /** Boots of the rig's own making: power given back, programs that it ended. */
  #byRig = 0;
  #outages = 0;
  #weakSupplies = 0;
  #boots = 0;
  #restarts = 0;
  readonly #evidence: Observation[] = [];

  constructor(context: ClaimContext) {
    this.#context = context;
  }

  onBoot(boots: number, seen: Observation): void {
    this.#boots = boots;
    this.#note(seen);
    const most = this.#explained();
    if (boots <= most) return;
    this.#context.broke('V8', {
      sign: 'boots-again-and-again',
      reason: `${boots} boots; ${most} can be explained`,
      evidence: [...this.#evidence],
    });
  }

  onPower({ on }: ObservationOf<'power'>): void {
    if (!on) this.#byRig += 1;
  }

  onProgram(seen: ObservationOf<'program'>): void {
    if (seen.event === 'started') return;
    if (seen.byRig) return void (this.#byRig += 1);
    this.#restarts += 1;
    this.#note(seen);
    const most = this.#explained() + this.#context.limits.restartsPerOutage * this.#outages;
    if (this.#restarts <= most) return;
    const how = seen.signal === null ? `code ${seen.code}` : seen.signal;
    this.#context.broke('V8', {
      sign: 'restarts-again-and-again',
      reason: `the program ended ${this.#restarts} times by itself, last with ${how}; ${most} can be explained`,
      evidence: [...this.#evidence],
    });
  }

  onFault({ name }: ObservationOf<'fault'>): void {
    if (name === 'weak-battery') this.#weakSupplies += 1;
    else if (outage.test(name)) this.#outages += 1;
  }

  conclude(): Conclusion {
    const { record } = this.#context;
    if (this.#boots > 0) return pass(`${this.#boots} boots; ${this.#explained()} can be explained`);
    if (this.#restarts > 0) return pass(`the program ended ${this.#restarts} times by itself`, this.#evidence);
    if (record.connects > 0) return pass(`connected ${record.connects} times`, [record.connected]);
    return notObserved('the device never connected');
  }

  /** A power cut makes a device forget how often it has crashed on a weak supply: its pauses begin anew. */
  #explained(): number {
    const { record, limits } = this.#context;
    const byRig = this.#byRig;
    const weak = this.#weakSupplies === 0 ? 0 : limits.bootsOnWeakSupply * (this.#weakSupplies + byRig);
    return byRig + weak + limits.bootsPerExecution * record.executions + limits.spareBoots;
  }

  #note(seen: Observation): void {
    this.#evidence.push(seen);
    if (this.#evidence.length > 8) this.#evidence.shift();
  }
}
