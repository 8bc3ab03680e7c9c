/**
 * The parts of a judge: the record, the ten claims, the endings, the duties and the quiet moments. Here stands which of them looks
 * at what, in order. It is written out because it is called for whatever any device does: a call whose only target is known costs
 * a fraction of one through a list of functions, and a device costs no function for each part and kind.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Observation, ObservationOf, Observer } from '../../observation/observation.ts';
import type { Claim, ClaimContext } from './claim.ts';
import { Converges } from './claims/v01-converges.ts';
import { NoZombieWork } from './claims/v02-no-zombie-work.ts';
import { NoWrongActivation } from './claims/v03-no-wrong-activation.ts';
import { NoReExecution } from './claims/v04-no-re-execution.ts';
import { TakesTheNextJob } from './claims/v05-takes-the-next-job.ts';
import { Bounded } from './claims/v06-bounded.ts';
import { MemoryIsTruth } from './claims/v07-memory-is-truth.ts';
import { NoCrashLoop } from './claims/v08-no-crash-loop.ts';
import { SameVersion } from './claims/v09-same-version.ts';
import { BackToBaseline } from './claims/v10-back-to-baseline.ts';
import type { ClaimId } from './contract.ts';
import type { DutyWatch } from './duties.ts';
import type { ExpectedEndings } from './expectations.ts';
import { QuietWatch } from './quiet.ts';
import type { DeviceRecord } from './record.ts';

export class Panel {
  readonly claims: Readonly<Record<ClaimId, Claim>>;
  readonly observer: Observer;
  readonly #record: DeviceRecord;
  readonly #converges: Converges;
  readonly #zombies: NoZombieWork;
  readonly #activations: NoWrongActivation;
  readonly #repeats: NoReExecution;
  readonly #bounds: Bounded;
  readonly #memory: MemoryIsTruth;
  readonly #boots: NoCrashLoop;
  readonly #versions: SameVersion;
  readonly #baseline: BackToBaseline;
  readonly #endings: ExpectedEndings;
  readonly #duties: DutyWatch | undefined;
  readonly #quiet: QuietWatch | undefined;

  /** @param duties absent: nobody knows what documents ask for */
  constructor(context: ClaimContext, endings: ExpectedEndings, duties: DutyWatch | undefined) {
    const { record, sights } = context;
    this.#record = record;
    this.#converges = new Converges(context);
    this.#zombies = new NoZombieWork(context);
    this.#activations = new NoWrongActivation(context);
    this.#repeats = new NoReExecution(context);
    this.#bounds = new Bounded(context);
    this.#memory = new MemoryIsTruth(context);
    this.#boots = new NoCrashLoop(context);
    this.#versions = new SameVersion(context);
    this.#baseline = new BackToBaseline(context);
    this.#endings = endings;
    this.#duties = duties;
    this.#quiet = sights.has('inside') ? new QuietWatch(record, (view, seen) => this.quiet(view, seen)) : undefined;
    this.claims = {
      V1: this.#converges,
      V2: this.#zombies,
      V3: this.#activations,
      V4: this.#repeats,
      V5: new TakesTheNextJob(context),
      V6: this.#bounds,
      V7: this.#memory,
      V8: this.#boots,
      V9: this.#versions,
      V10: this.#baseline,
    };
    this.observer = this.#looks();
  }

  /** The device is idle and connected, after a job or at the end. Only where the inside is shown. */
  quiet(view: DeviceView, seen: Observation | undefined): void {
    this.#activations.onQuiet(view, seen);
    this.#repeats.onQuiet(view, seen);
    this.#bounds.onQuiet(view, seen);
    this.#memory.onQuiet(view, seen);
    this.#baseline.onQuiet(view, seen);
  }

  #looks(): Observer {
    return {
      connecting: (seen) => this.#bounds.onConnecting(seen),
      'connect-failed': (seen) => this.#bounds.onConnectFailed(seen),
      connected: (seen) => this.#onConnected(seen),
      disconnected: (seen) => this.#onDisconnected(seen),
      subscribed: (seen) => this.#onSubscribed(seen),
      unsubscribed: (seen) => this.#record.onUnsubscribed(seen),
      sent: (seen) => this.#onSent(seen),
      received: (seen) => this.#onReceived(seen),
      execution: (seen) => this.#onExecution(seen),
      download: (seen) => this.#onDownload(seen),
      traced: (seen) => this.#onTraced(seen),
      moved: (seen) => this.#onMoved(seen),
      power: (seen) => this.#onPower(seen),
      program: (seen) => this.#onProgram(seen),
      hung: (seen) => this.#onHung(seen),
      fault: (seen) => this.#onFault(seen),
      lag: (seen) => this.#record.onLag(seen),
      witness: (seen) => this.#onWitness(seen),
      'reported-version': (seen) => this.#onReportedVersion(seen),
    };
  }

  // The wire.

  #onConnected(seen: ObservationOf<'connected'>): void {
    this.#record.onConnected(seen);
    this.#bounds.onConnected();
  }

  #onDisconnected(seen: ObservationOf<'disconnected'>): void {
    this.#record.onDisconnected(seen);
    this.#bounds.onDisconnected(seen);
    this.#duties?.onDisconnected(seen);
  }

  #onSubscribed(seen: ObservationOf<'subscribed'>): void {
    this.#record.onSubscribed(seen);
    this.#baseline.onSubscribed(seen);
  }

  #onSent(seen: ObservationOf<'sent'>): void {
    this.#record.onSent(seen);
    this.#zombies.onSent(seen);
    this.#bounds.onSent(seen);
    this.#memory.onSent(seen);
    this.#endings.onSent(seen);
    this.#duties?.onSent(seen);
  }

  #onReceived(seen: ObservationOf<'received'>): void {
    this.#record.onReceived(seen);
    this.#zombies.onReceived(seen);
    this.#bounds.onReceived(seen);
    this.#memory.onReceived(seen);
    this.#versions.onReceived(seen);
    this.#baseline.onReceived();
    this.#endings.onReceived(seen);
    this.#duties?.onReceived(seen);
  }

  #onDownload(seen: ObservationOf<'download'>): void {
    this.#zombies.onDownload(seen);
    if (this.#quiet === undefined) this.#repeats.onDownload(seen);
    this.#bounds.onDownload(seen);
    this.#memory.onDownload(seen);
  }

  // The service.

  #onExecution(seen: ObservationOf<'execution'>): void {
    this.#record.onExecution(seen);
    this.#bounds.onExecution(seen);
    this.#versions.onExecution(seen);
    this.#baseline.onExecution();
    this.#endings.onExecution(seen);
    this.#duties?.onExecution(seen);
  }

  // The device.

  #onTraced(seen: ObservationOf<'traced'>): void {
    const { trace } = seen;
    switch (trace.kind) {
      case 'step':
        this.#record.onStep(trace.step, trace.execution);
        this.#zombies.onStep(trace.step, trace.execution, seen);
        this.#activations.onStep(trace.step, trace.execution, seen);
        this.#quiet?.onStep();
        return;
      case 'boot':
        this.#memory.onBoot();
        this.#boots.onBoot(trace.boots, seen);
        this.#duties?.onBoot();
        this.#quiet?.onBoot();
        return;
      case 'crash':
        this.#record.onCrash();
        this.#zombies.onCrash();
        this.#duties?.onCrash(seen);
        return;
      case 'recovered':
      case 'finished':
        this.#quiet?.onEnd(seen);
        return;
      default:
    }
  }

  #onMoved(seen: ObservationOf<'moved'>): void {
    this.#record.onMoved(seen);
    this.#zombies.onMoved(seen);
    this.#quiet?.onMoved(seen);
  }

  #onPower(seen: ObservationOf<'power'>): void {
    this.#record.onPower(seen);
    this.#zombies.onPower(seen);
    this.#repeats.onPower(seen);
    this.#memory.onPower(seen);
    this.#boots.onPower(seen);
    this.#duties?.onPower(seen);
  }

  #onProgram(seen: ObservationOf<'program'>): void {
    this.#record.onProgram(seen);
    this.#zombies.onProgram(seen);
    this.#repeats.onProgram(seen);
    this.#bounds.onProgram();
    this.#memory.onProgram(seen);
    this.#boots.onProgram(seen);
    this.#duties?.onProgram(seen);
  }

  #onHung(seen: ObservationOf<'hung'>): void {
    this.#record.onHung();
    this.#converges.onHung(seen);
  }

  #onWitness(seen: ObservationOf<'witness'>): void {
    this.#activations.onWitness(seen);
    this.#repeats.onWitness(seen);
    this.#versions.onWitness(seen);
    this.#endings.onWitness(seen);
  }

  #onReportedVersion(seen: ObservationOf<'reported-version'>): void {
    this.#versions.onReportedVersion(seen);
    this.#endings.onReportedVersion(seen);
  }

  // What is injected.

  #onFault(seen: ObservationOf<'fault'>): void {
    this.#record.onFault(seen);
    this.#memory.onFault(seen);
    this.#boots.onFault(seen);
    this.#baseline.onFault(seen);
    this.#duties?.onFault(seen);
  }
}
