/**
 * What a run of the rig (a demo, a check, a load) gives to the live page of its service: what it sees, what it can do beside
 * what the service can, and what it has to say. Without one the page shows what the service itself sees.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Observer } from '../../observation/observation.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { RunHead, ScenarioLine } from './contract.ts';

export interface PageRun {
  readonly verb: string;
  readonly about: string;
  /** Things that are to be shown from the start, in order. */
  readonly things?: readonly string[];
  /** The run tells by {@link LivePage.observer} what its devices say: what the doors see of them is then not shown as well. */
  readonly seesDevices?: boolean;
  /** Service seconds in a wall second; default 1. */
  readonly speed?: number;
  readonly viewOf?: (thingName: string) => DeviceView | undefined;
  readonly hardwareOf?: (thingName: string) => string | undefined;
  readonly powerCut?: (thingNames: readonly string[], forMs: DurationMs) => void;
  readonly dropLink?: (thingNames: readonly string[], forMs: DurationMs) => void;
  /** 0 pauses. */
  readonly setSpeed?: (factor: number) => void;
  /** Somebody has done something to these devices or to their jobs. */
  readonly touched?: (thingNames: readonly string[]) => void;
  /** Somebody has pressed the start button. */
  readonly start?: () => void;
}

/** The live page of a service, for whoever runs it. */
export interface LivePage {
  /** Is told what the run sees: its devices, its operator, its faults. Costs nothing while no page is kept. */
  readonly observer: Observer;
  present(run: PageRun): void;
  /** What is going on, in one line. @param goesOn it takes the place of the line before */
  narrate(act: string, goesOn?: boolean): void;
  awaitStart(waits: boolean): void;
  scenarios(lines: readonly ScenarioLine[]): void;
  /** A judge has found out about a device. */
  judged(thingName: string, isBroken: boolean, reason: string): void;
  concluded(verdict: NonNullable<RunHead['verdict']>): void;
}
