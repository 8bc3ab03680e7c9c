/**
 * Constrained hardware as one machine: RAM, flash with two firmware slots and a boot loader, a non-volatile record, a link for
 * downloads, and power that may go at any instant. It does one operation at a time; each has a duration, and a power cut
 * inside computes how far it got. It knows no job and no service: `agent/board` has the agent on top of it.
 * Not modelled: radio sleep, a CPU blocked by an erase, watchdogs, brown-outs, a clock without time.
 */
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { BootLoader, type BootOutcome, type ImageHealth, type SlotImage } from './boot-loader.ts';
import type { FlashCounters, SegmentWrite } from './flash.ts';
import { MemoryBudget } from './memory.ts';
import { NonVolatileRecord, recordWriteMs } from './non-volatile-record.ts';
import { type HardwareProfile, connectionBytes, durations } from './profile.ts';

/** What can go wrong with an operation. */
export type HardwareFault =
  'out-of-memory' | 'download-failed' | 'digest-mismatch' | 'storage-failed' | 'handler-failed' | 'self-test-failed';

/** An image as somebody describes it. */
export interface ImageReference {
  readonly url: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What really lies behind a description. */
export interface ServedImage {
  readonly digest: string;
  readonly health: ImageHealth;
}

/** Where images come from; `undefined`: there is none. */
export type ImageOrigin = (image: ImageReference) => ServedImage | undefined;

/** The image is what its description says, and works. */
export const honestOrigin: ImageOrigin = ({ sha256 }) => ({ digest: sha256, health: 'good' });

export interface DeviceOptions {
  readonly profile: HardwareProfile;
  readonly initialVersion: string;
  readonly origin: ImageOrigin;
}

export type DeviceEvent =
  | { readonly kind: 'booted'; readonly outcome: BootOutcome }
  | { readonly kind: 'ended'; readonly fault?: HardwareFault };

/** How an operation begins: it takes its time, or it is over at once. */
export type Started = 'under-way' | { readonly fault?: HardwareFault };
const done: Started = {};

/** Assumed: the boot loader's state takes one page; its sector is erased first. */
const loaderStatePages = 1;
const initialImageBytes = 1;

interface Task {
  readonly startedAt: EpochMs;
  readonly endsAt: EpochMs;
  /** What has happened by the end, or by the cut. */
  readonly settle: (elapsedMs: DurationMs, isWhole: boolean) => HardwareFault | undefined;
  readonly isBoot: boolean;
}

/** @typeParam Kept what the non-volatile record holds */
export class Device<Kept> {
  readonly memory: MemoryBudget;
  readonly loader: BootLoader;
  readonly flashCounters: FlashCounters = { erases: 0, programs: 0, tornPages: 0 };
  readonly record = new NonVolatileRecord<Kept>();
  readonly #options: DeviceOptions;
  readonly #durations: ReturnType<typeof durations>;
  #task: Task | undefined;
  #bootOutcome: BootOutcome | undefined;
  #powered = false;
  #boots = 0;
  #hasOpenDownload = false;

  constructor(options: DeviceOptions) {
    const { profile, initialVersion } = options;
    this.#options = options;
    this.#durations = durations(profile);
    this.memory = new MemoryBudget(profile.ram.usableBytes);
    this.loader = new BootLoader(profile.flash, this.flashCounters, {
      version: initialVersion,
      digest: `factory image ${initialVersion}`,
      sizeBytes: initialImageBytes,
      health: 'good',
    });
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** How often an application has been started. */
  get boots(): number {
    return this.#boots;
  }

  get hasOpenDownload(): boolean {
    return this.#hasOpenDownload;
  }

  nextDeadline(): EpochMs | undefined {
    return this.#task?.endsAt;
  }

  /** Ends the operation under way, if it is due. */
  advance(now: EpochMs): DeviceEvent | undefined {
    const task = this.#task;
    if (task === undefined || task.endsAt > now) return undefined;
    this.#task = undefined;
    const fault = task.settle(task.endsAt - task.startedAt, true);
    if (!task.isBoot) return fault === undefined ? { kind: 'ended' } : { kind: 'ended', fault };
    const outcome = this.#bootOutcome;
    this.#bootOutcome = undefined;
    return outcome && { kind: 'booted', outcome };
  }

  powerOn(now: EpochMs): void {
    if (this.#powered) return;
    this.#powered = true;
    this.#startLoader(now);
  }

  /** Everything volatile is gone; what was under way stays as far as it got. */
  powerCut(now: EpochMs): void {
    this.#powered = false;
    this.#loseVolatile(now);
  }

  reset(now: EpochMs): void {
    this.#loseVolatile(now);
    this.#startLoader(now);
  }

  /** Stops what can be stopped; it will not be heard of again. */
  abort(): void {
    this.#task = undefined;
  }

  openConnection(): void {
    this.memory.reserve('connection', connectionBytes(this.#options.profile.ram));
  }

  closeConnection(): void {
    this.memory.release('connection');
  }

  reserveDocument(bytes: number): Started {
    return this.memory.reserve('document', bytes) ? done : { fault: 'out-of-memory' };
  }

  releaseDocument(): Started {
    this.memory.release('document');
    return done;
  }

  download(image: ImageReference, bytes: number, now: EpochMs): Started {
    const { ram, link } = this.#options.profile;
    if (!this.memory.reserve('download', ram.tlsBytes + ram.segmentBytes)) return { fault: 'out-of-memory' };
    this.#hasOpenDownload = true;
    if (this.#options.origin(image) === undefined) {
      return this.#start(now, link.latencyMs, () => 'download-failed');
    }
    return this.#start(now, this.#durations.download(bytes));
  }

  closeDownload(): Started {
    this.#hasOpenDownload = false;
    this.memory.release('download');
    return done;
  }

  /** Hashes a segment; with the last one the digest is known. */
  verify(image: ImageReference, offset: number, bytes: number, now: EpochMs): Started {
    const isLast = offset + bytes >= image.sizeBytes;
    const isRight = !isLast || this.#options.origin(image)?.digest === image.sha256;
    return this.#start(now, this.#durations.digest(bytes), () => (isRight ? undefined : 'digest-mismatch'));
  }

  write(image: ImageReference, offset: number, bytes: number, now: EpochMs): Started {
    const { spare } = this.loader;
    const content = this.#options.origin(image)?.digest ?? image.sha256;
    const write: SegmentWrite = { offset, bytes, content };
    if (!spare.flash.canWrite(write)) return { fault: 'storage-failed' };
    this.loader.openSpare();
    return this.#start(now, spare.flash.writeMs(write), (elapsedMs, isWhole) => {
      spare.flash.write(write, isWhole ? undefined : elapsedMs);
      return undefined;
    });
  }

  /** Reads the spare slot back. */
  check(image: ImageReference, now: EpochMs): Started {
    const isRight = () => this.loader.spare.flash.holds(image.sha256, image.sizeBytes);
    return this.#start(now, this.#durations.readBack(image.sizeBytes), () =>
      isRight() ? undefined : 'digest-mismatch',
    );
  }

  select(image: ImageReference, version: string, now: EpochMs): Started {
    const { sha256, sizeBytes } = image;
    const health = this.#options.origin(image)?.health ?? 'good';
    const slotImage: SlotImage = { version, digest: sha256, sizeBytes, health };
    return this.#changeLoaderState(now, () => this.loader.select(slotImage));
  }

  discardSpare(now: EpochMs): Started {
    if (!this.loader.hasSpare) return done;
    return this.#changeLoaderState(now, () => this.loader.discardSpare());
  }

  confirm(now: EpochMs): Started {
    return this.#changeLoaderState(now, () => this.loader.confirm());
  }

  /** Runs a program of the device's own; one that is called `false` fails, as its Unix namesake. */
  run(program: string, durationMs: DurationMs, now: EpochMs): Started {
    const fails = program.split('/').at(-1) === 'false';
    return this.#start(now, durationMs, () => (fails ? 'handler-failed' : undefined));
  }

  selfTest(now: EpochMs): Started {
    const fails = this.loader.running.image?.health === 'fails-self-test';
    return this.#start(now, this.#options.profile.boot.selfTestMs, () => (fails ? 'self-test-failed' : undefined));
  }

  /** Writes the non-volatile record. */
  keep(value: Kept | undefined, now: EpochMs): Started {
    return this.#start(now, recordWriteMs(this.#options.profile.flash), (_elapsedMs, isWhole) => {
      this.record.write(value, isWhole);
      return undefined;
    });
  }

  #start(now: EpochMs, durationMs: DurationMs, settle: Task['settle'] = succeed): Started {
    this.#task = { startedAt: now, endsAt: now + Math.ceil(durationMs), settle, isBoot: false };
    return 'under-way';
  }

  #changeLoaderState(now: EpochMs, change: () => void): Started {
    const { eraseSectorMs, programPageMs } = this.#options.profile.flash;
    return this.#start(now, eraseSectorMs + loaderStatePages * programPageMs, (_elapsedMs, isWhole) => {
      if (isWhole) change();
      return undefined;
    });
  }

  #startLoader(now: EpochMs): void {
    const { loaderMs, applicationMs } = this.#options.profile.boot;
    const load = () => {
      this.#bootOutcome = this.loader.boot();
      this.#boots += 1;
      this.memory.reserve('firmware', this.#options.profile.ram.firmwareBytes);
    };
    this.#task = {
      startedAt: now,
      endsAt: now + Math.ceil(loaderMs + applicationMs),
      isBoot: true,
      settle: (elapsedMs) => {
        if (elapsedMs >= loaderMs) load();
        return undefined;
      },
    };
  }

  #loseVolatile(now: EpochMs): void {
    const task = this.#task;
    this.#task = undefined;
    task?.settle(now - task.startedAt, false);
    this.#bootOutcome = undefined;
    this.#hasOpenDownload = false;
    this.memory.clear();
  }
}

function succeed(): undefined {}
