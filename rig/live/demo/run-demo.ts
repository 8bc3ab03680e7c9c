/**
 * The main job, from connected devices to a verdict. First act, on sockets: job documents of real systems, and waves of firmware
 * jobs that are deleted while they run; all of it scenarios, which a director plays and one judge for each device looks at.
 * Second act, in virtual time: the scenarios and some seeds for the same agent and hardware. Where it runs, and what happens
 * to the report, is the caller's business.
 */
import { version } from '../../../package/package.ts';
import { steps } from '../../../observation/execution.ts';
import { setMaxListeners } from 'node:events';
import { createBoard } from '../../../agent/board/board.ts';
import { type AgentBehaviour, referenceAgent } from '../../../agent/core/behaviour.ts';
import { thingNameOf } from '../../../agent/fleet-names.ts';
import type { HardwareProfile } from '../../../agent/device/profile.ts';
import type { Observation, ObservationOf } from '../../../observation/observation.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import type { CauseReport, DemoReport, DeviceReport, DocumentSummary, PullSummary } from '../../report/run-report.ts';
import { claimName } from '../../report/claim-words.ts';
import { spreadOf } from '../../report/statistics.ts';
import type { Scenario } from '../../scenario/contract.ts';
import type { ClaimId, Finding, Verdict } from '../../verdict/contract.ts';
import { limitsWith } from '../../verdict/limits.ts';
import type { ScenarioRun } from '../check/check-result.ts';
import { runOf } from '../check/scenario-run.ts';
import { type Played, playLive } from '../play.ts';
import { Admission } from './admission.ts';
import { deviceReport, findingsWhenCut, isWell, keepSmall, storyFilter } from './device-report.ts';
import { type DocumentsAct, planDocuments, readJobDocument } from './documents.ts';
import { hardwareReports, hostReport } from './host-report.ts';
import { liveCauses } from './live-causes.ts';
import { type SecondAct, playSecondAct } from './second-act.ts';
import { type Stage, type StageFigures, type StageOptions, openStage, prefix } from './stage.ts';
import { present } from '../../../protocol/json.ts';
import { untilInterrupted } from '../until-interrupted.ts';
import { type FirmwareDocument, type Wave, planWaves } from './waves.ts';

export interface DemoOptions extends Omit<StageOptions, 'onProgress' | 'onBreak' | 'onCall'> {
  /** What the devices run, in both acts. Absent: the reference agent. */
  readonly agent?: AgentBehaviour;
  /** Of the second act. */
  readonly scenarios: readonly Scenario[];
  readonly seeds: number;
  /** The devices stay connected at the end, for whoever goes on with them on the live page. */
  readonly keepsDevices?: boolean;
  /** Profiles that scenarios may name. */
  readonly known: readonly HardwareProfile[];
  readonly onProgress?: (progress: DemoProgress) => void;
  /** The first device of which it is certain that it breaks a claim, at that moment; of each claim once. */
  readonly onBroken?: (thingName: string, found: string) => void;
}

export interface DemoProgress extends StageFigures {
  /** What is going on, in a few words. */
  readonly act: string;
  /** Of the second act, in words. */
  readonly played?: string;
}

export interface Demo extends AsyncDisposable {
  /** Where a browser finds the live page. */
  readonly pageUrl: string;
  /** When its signal ends it, what was found until then, as `partial`. */
  run(): Promise<DemoReport>;
}

const limits = limitsWith();
/** Of device time: a job that nothing disturbs, and then the rest. Less than an idle agent waits to ask by itself, which would hide a lost hint. */
const settleMs: DurationMs = limits.jobMs + limits.settleMs;
/** A wave has four parts, each of which is over by then. */
const waveMs: DurationMs = 5 * settleMs;
/** The devices of the first waves begin at once, while others get the documents. */
const documentThings = 36;

/** A job that every device can do at once and without a reboot. */
const canaryDocument = {
  version: '1.0',
  steps: [
    { action: { name: 'Canary', type: 'runHandler', input: { handler: 'canary.sh', args: [], path: 'default' } } },
  ],
};

/** Starts the service; the rest begins with {@link Demo.run}. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
  const { onProgress, onBroken } = options;
  let act = '';
  // Each wave listens to it.
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const brokenClaims = new Set<ClaimId>();
  const stage = await openStage({
    ...options,
    boardOf: (board) => createBoard({ ...board, agent: agentOf(board.thingName, options) }),
    ...(options.boardOf && { boardOf: options.boardOf }),
    onProgress: (figures) => onProgress?.({ act, ...figures }),
    ...(options.audience && { onCall: (call) => announceCall(call) }),
    onBreak(thingName, claim, reason) {
      if (!brokenClaims.has(claim)) onBroken?.(thingName, `${reason} (${claimName(claim)})`);
      brokenClaims.add(claim);
    },
  });
  const announce = (next: string, played?: string): void => {
    const goesOn = act === next;
    act = next;
    stage.page.narrate(played === undefined ? next : `${next}: ${played}`, goesOn);
    onProgress?.({ act, ...stage.figures, ...(played !== undefined && { played }) });
  };
  const announceCall = createCallTeller(announce);
  return {
    pageUrl: stage.pageUrl,
    run: () => new MainJob(stage, options, announce).run(),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

/** What the operator does beside the deletions that a wave is about, in one line each. */
function createCallTeller(announce: (act: string) => void): (call: ObservationOf<'called'>) => void {
  const made = new Set<string>();
  return ({ operation, jobId = '', force, outcome }) => {
    if (outcome !== 'ok') return;
    if (operation === 'DeleteJob' && force === true) announce(`the whole job ${jobId} is deleted, by force`);
    if (operation !== 'CreateJob') return;
    if (jobId.startsWith('canary')) announce(`${jobId}: does each device of the wave take a further job?`);
    else if (made.has(jobId)) announce(`${jobId} is made again under its old id: a device must take it for a new job`);
    made.add(jobId);
  };
}

/** With an audience, one device of the first wave has a known bug: the one that loses its job while it downloads. */
function agentOf(thingName: string, { agent = referenceAgent, audience, things }: DemoOptions): AgentBehaviour {
  return audience !== undefined && thingName === thingNameOf(prefix, Math.min(things, 2)) ? audience.bug : agent;
}

/** What was played of the first act. */
interface PlayedPart {
  readonly played: Played;
  /** The run was interrupted before it was over. */
  readonly isCut: boolean;
}

interface PlayedWave extends PlayedPart {
  readonly wave: Wave;
}

/** The documents, and what came of them. */
interface PlayedDocuments extends PlayedPart {
  readonly summary: readonly DocumentSummary[];
}

class MainJob {
  readonly #stage: Stage;
  readonly #options: DemoOptions;
  readonly #announce: (act: string, played?: string) => void;
  readonly #startedAt = new Date();
  /** What broke of a device in its documents, by thing. */
  readonly #brokenBefore = new Map<string, readonly Finding[]>();
  readonly #waves: PlayedWave[] = [];
  #documents: PlayedDocuments | undefined;

  constructor(stage: Stage, options: DemoOptions, announce: (act: string, played?: string) => void) {
    this.#stage = stage;
    this.#options = options;
    this.#announce = announce;
  }

  async run(): Promise<DemoReport> {
    const { onProgress: _, ...options } = this.#options;
    await untilInterrupted(options.signal, async () => {
      this.#announce('things and connections');
      await this.#stage.connect();
      await this.#stage.started();
      await this.#firstAct();
    });
    if (this.#options.keepsDevices !== true) await this.#stage.leave();
    const second = await playSecondAct({
      ...options,
      onProgress: (played, of, failed) =>
        this.#announce('scenarios and seeds in virtual time', `${played} of ${of} played · ${failed} failed`),
    });
    const report = this.#report(second);
    this.#stage.page.concluded(report.verdict);
    return report;
  }

  async #firstAct(): Promise<void> {
    const { thingNames, options } = this.#stage;
    const { seed, faults, signal } = options;
    const documents = await planDocuments(thingNames.slice(-documentThings), {
      bufferBytesOf: (thingName) => this.#stage.hardwareOf(thingName)?.ram.mqttBufferBytes ?? Infinity,
      mayReset: faults !== undefined,
      seed,
    });
    const waves = planWaves(thingNames, {
      firmware: JSON.parse(await readJobDocument('jobrig-firmware.json')) as FirmwareDocument,
      canary: canaryDocument,
      hardwareOf: (thingName) => this.#stage.hardwareOf(thingName)?.name,
      seed,
    });
    const busy = new Set(documents.scenario.given.things.map(({ thing }) => thing));
    using admission = new Admission();
    this.#announce('job documents of real systems');
    const documentsPlayed = admission.play(() => this.#play(documents.scenario, '', documents.texts), signal);
    const parts = [
      this.#keepDocuments(documents, documentsPlayed),
      ...waves.map(async (wave) => {
        const { number, scenario } = wave;
        const { things } = scenario.given;
        if (things.some(({ thing }) => busy.has(thing))) await documentsPlayed;
        const part = (): Promise<PlayedPart> => {
          this.#announce(
            `wave ${number} of ${waves.length}: ${things.length} devices lose their job while they update`,
          );
          return this.#play(scenario, `-${number}`);
        };
        this.#waves.push({ wave, ...(await admission.play(part, signal)) });
      }),
    ];
    await Promise.all(parts).catch(async (error: unknown) => {
      // Those under way end with what they have found.
      if (signal?.aborted === true) await Promise.allSettled(parts);
      throw error;
    });
  }

  async #keepDocuments({ summaryOf }: DocumentsAct, playing: Promise<PlayedPart>): Promise<void> {
    const part = await playing;
    this.#documents = { ...part, summary: part.isCut ? [] : summaryOf(part.played.observations) };
  }

  async #play(scenario: Scenario, suffix: string, texts?: ReadonlyMap<string, string>): Promise<PlayedPart> {
    const { clock, judges, options } = this.#stage;
    const world = this.#stage.worldFor(scenario, suffix, texts);
    const tooLong = new AbortController();
    const cancel = clock.setTimer(clock.now() + waveMs, () => tooLong.abort());
    try {
      const played = await playLive(scenario, world, {
        settleMs,
        judges,
        broken: this.#stage.broken,
        keeps: storyFilter(),
        giveUp: AbortSignal.any([tooLong.signal, ...(options.signal === undefined ? [] : [options.signal])]),
      });
      if (options.signal?.aborted === true) return { played: this.#certainOf(played), isCut: true };
      if (played.trouble !== undefined) throw new Error(`the rig could not go on: ${played.trouble}`);
      for (const { thingName, findings } of played.findings) {
        const broken = findings.filter(({ outcome }) => outcome === 'fail');
        if (scenario.id === 'documents' && broken.length > 0) this.#brokenBefore.set(thingName, broken);
      }
      return { played, isCut: false };
    } finally {
      cancel();
    }
  }

  /** What a device has not done yet is not held against it. */
  #certainOf({ unfinished: _awaited, trouble: _ofTheEnd, ...played }: Played): Played {
    const findings = played.findings.map(({ thingName, findings: all }) => ({
      thingName,
      findings: findingsWhenCut(all, this.#stage.broken.get(thingName) ?? []),
    }));
    return { ...played, findings };
  }

  #report(second: SecondAct): DemoReport {
    const isPartial = this.#options.signal?.aborted === true;
    const waves = this.#waves.toSorted((a, b) => a.wave.number - b.wave.number);
    const documents = this.#documents?.summary ?? [];
    const played = [...(this.#documents === undefined ? [] : [this.#documents]), ...waves].map((part) => part.played);
    const { thingNames, options, faults, clock, exchanges } = this.#stage;
    const { seed, things, timeScale } = options;
    const ofWaves = waves.flatMap((part) => this.#deviceReports(part.wave.cast, part));
    const devices = keepSmall([...ofWaves, ...this.#brokenOnlyBefore(ofWaves)]);
    const waveOf = new Map(
      waves.flatMap(({ wave }) => [...wave.cast.keys()].map((thing) => [thing, wave.scenario.id])),
    );
    const causes: readonly CauseReport[] = [
      ...liveCauses(devices, (thingName) => waveOf.get(thingName) ?? 'documents'),
      ...second.causes,
    ];
    const invalid = devices.filter(({ outcome }) => outcome === 'invalid').length;
    const { canaries } = this.#stage.figures;
    const finished = waves.filter(({ isCut }) => !isCut);
    const tried = isPartial ? sum(finished.map(({ wave }) => wave.cast.size)) : things;
    const done = isPartial ? sum(finished.map(canariesIn)) : canaries;
    const pulls = steps.flatMap((step) => pullSummary(devices, step));
    return {
      jobrig: version,
      verb: 'demo',
      seed,
      startedAt: this.#startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      verdict: verdictOf(devices, documents, second, isPartial),
      ...(isPartial && { partial: true }),
      things,
      timeScale,
      coverage: { steps: pulls.length, scenarios: second.scenarios, seeds: second.seeds },
      pulls,
      devices: { valid: isPartial ? devices.filter(isWell).length : devices.length - invalid, invalid },
      canary: { succeeded: canaries, failed: tried - done },
      documents,
      causes,
      hardware: hardwareReports(thingNames.map((thingName) => this.#stage.hardwareOf(thingName))),
      faults: faults.counts(),
      host: hostReport(devices, {
        timeScale,
        pace: clock.pace(),
        behindMs: clock.behindMs(),
        longestAnswerMs: exchanges.longestMs,
      }),
      deviceReports: devices,
      runs: [...liveRuns(played, devices), ...second.runs],
    };
  }

  /** What broke with the documents, of devices whose wave never began. */
  #brokenOnlyBefore(told: readonly DeviceReport[]): readonly DeviceReport[] {
    if (this.#documents === undefined) return [];
    const known = new Set(told.map(({ thingName }) => thingName));
    const reports = this.#deviceReports(new Map(), this.#documents);
    return reports.filter(({ thingName, outcome }) => outcome === 'invalid' && !known.has(thingName));
  }

  #deviceReports(cast: Wave['cast'], { played, isCut }: PlayedPart): readonly DeviceReport[] {
    const seen = new Map<string, Observation[]>();
    for (const one of played.observations) {
      for (const thing of one.thingName === undefined ? cast.keys() : [one.thingName]) {
        const own = seen.get(thing);
        if (own === undefined) seen.set(thing, [one]);
        else own.push(one);
      }
    }
    return played.findings.map(({ thingName, findings }) => {
      const step = cast.get(thingName);
      const pull = this.#stage.pulls.of(thingName);
      const before = this.#brokenBefore.get(thingName) ?? [];
      return deviceReport({
        thingName,
        hardware: this.#stage.hardwareOf(thingName)?.name ?? 'unknown',
        runningVersion: this.#stage.viewOf(thingName)?.runningVersion ?? '',
        findings: findings
          .map((finding) => before.find(({ claim }) => claim === finding.claim) ?? finding)
          .map((finding) => (this.#stage.touched.has(thingName) ? unjudged(finding) : finding)),
        startedAt: played.startedAt,
        observations: seen.get(thingName) ?? [],
        isCut,
        ...present({ step, pull }),
      });
    });
  }
}

function canariesIn({ played }: PlayedPart): number {
  return played.observations.filter(isDoneCanary).length;
}

function isDoneCanary(seen: Observation): boolean {
  return seen.kind === 'execution' && seen.status === 'SUCCEEDED' && seen.execution.jobId.startsWith('canary');
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}

/** Without what was seen of devices that are not told of. */
function liveRuns(played: readonly Played[], devices: readonly DeviceReport[]): readonly ScenarioRun[] {
  const told = new Set(devices.filter(({ observations }) => observations.length > 0).map(({ thingName }) => thingName));
  return played.map((one) => {
    const run = runOf(one);
    const observations = run.observations.filter(({ thingName }) => thingName === undefined || told.has(thingName));
    return { ...run, observations, findings: run.findings.filter(({ outcome }) => outcome !== 'pass') };
  });
}

/** What breaks after somebody has done something to a device on the live page is not the demo's to judge. */
function unjudged(finding: Finding): Finding {
  if (finding.outcome !== 'fail') return finding;
  return { ...finding, outcome: 'inconclusive', reason: `${finding.reason}, after somebody acted on the live page` };
}

function verdictOf(
  devices: readonly DeviceReport[],
  documents: readonly DocumentSummary[],
  second: SecondAct,
  isPartial: boolean,
): Verdict {
  const isInvalid =
    documents.some(({ mistaken }) => mistaken > 0) || devices.some(({ outcome }) => outcome === 'invalid');
  if (isInvalid || second.verdict === 'fail') return 'fail';
  const isUnsure = devices.some(({ outcome }) => outcome === 'inconclusive');
  return isPartial || isUnsure || second.verdict === 'inconclusive' ? 'inconclusive' : 'pass';
}

function pullSummary(devices: readonly DeviceReport[], step: PullSummary['step']): readonly PullSummary[] {
  const pulled = devices.filter(({ pull }) => pull?.step === step);
  if (pulled.length === 0) return [];
  const recovered = pulled.filter(({ outcome }) => outcome === 'recovered');
  const recoveryMs = spreadOf(recovered.flatMap(({ pull }) => pull?.recoveryMs ?? []));
  return [{ step, pulled: pulled.length, recovered: recovered.length, ...(recoveryMs && { recoveryMs }) }];
}
