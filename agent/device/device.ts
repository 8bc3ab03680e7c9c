/**
 * Constrained hardware as one machine: RAM, flash with two firmware slots and a boot loader, a non-volatile record, a link for
 * downloads, a watchdog, and power that may go at any instant or sag while the radio sends. It does one operation at a time;
 * each has a duration, stalls the CPU while it erases, and a cut inside computes how far it got. It knows no job and no
 * service: `agent/board` has the agent on top of it. Figures are a profile's; what they do is in docs/hardware.md.
 */
import type { CrashCause } from '../../observation/inside.ts';
import type { Chance } from '../../faults/chance.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { BootLoader, type BootOutcome, type SlotImage } from './boot-loader.ts';
import type { FlashCounters, SegmentWrite } from './flash.ts';
import { type ImageOrigin, type ImageReference, isHonest } from './image.ts';
import { MemoryBudget } from './memory.ts';
import { NonVolatileRecord, recordPages } from './non-volatile-record.ts';
import { Pace } from './pace.ts';
import { PowerSupply } from './power-supply.ts';
import { type HardwareProfile, connectionBytes } from './profile.ts';
import { type ImageStretch, workLeft } from './stretch.ts';
import { type Stall, type Task, freeAt, goingOn, longestStallMs, standingStill } from './task.ts';

/** What can go wrong with an operation. */
export type OperationFailure =
  'out-of-memory' | 'download-failed' | 'digest-mismatch' | 'storage-failed' | 'handler-failed' | 'self-test-failed';

export interface DeviceOptions {
  readonly profile: HardwareProfile;
  readonly initialVersion: string;
  readonly origin: ImageOrigin;
  /** Of how long things take, and of the supply. */
  readonly chance: Chance;
}

export type DeviceEvent =
  | { readonly kind: 'crashed'; readonly cause: CrashCause }
  | { readonly kind: 'booted'; readonly outcome: BootOutcome }
  | { readonly kind: 'ended'; readonly failure?: OperationFailure };

/** How an operation begins: it takes its time, or it is over at once. */
export type Started = 'under-way' | { readonly failure?: OperationFailure };
type Settle = NonNullable<Task<OperationFailure>['settle']>;

const done: Started = {};
const ended: DeviceEvent = { kind: 'ended' };

/** Assumed: the boot loader's state takes one page; its sector is erased first. */
const loaderStatePages = 1;
const initialImageBytes = 1;
/** Assumed: a device that ran for so long has got over the crash before. */
const stableMs: DurationMs = 600_000;

/** @typeParam Kept what the non-volatile record holds */
export class Device<Kept> {
  readonly memory: MemoryBudget;
  readonly loader: BootLoader;
  readonly flashCounters: FlashCounters = { erases: 0, wear: 0 };
  readonly record = new NonVolatileRecord<Kept>();
  readonly #options: DeviceOptions;
  readonly #pace: Pace;
  readonly #supply: PowerSupply;
  #task: Task<OperationFailure> | undefined;
  #bootOutcome: BootOutcome | undefined;
  #powered = false;
  #boots = 0;
  #startedAt: EpochMs = 0;
  #crashesInRow = 0;
  #hasOpenDownload = false;
  #hasNetwork = true;

  constructor(options: DeviceOptions) {
    const { profile, initialVersion, chance } = options;
    this.#options = options;
    this.#pace = new Pace(profile, chance.fork('pace'));
    this.#supply = new PowerSupply(profile, chance.fork('supply'));
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

  /** Crashes one after another, without a long time of work in between; the boot loader counts them. */
  get crashesInRow(): number {
    return this.#crashesInRow;
  }

  nextDeadline(): EpochMs | undefined {
    return this.#task?.endsAt;
  }

  /**
   * Not before then has the device gone through a stretch of an image; the end of the operation under way, if it could fail.
   * A bound from below: every operation takes its typical time or longer.
   */
  nextSign(stretch: ImageStretch): EpochMs | undefined {
    const task = this.#task;
    if (task?.ends !== 'operation' || !this.#isSure(stretch)) return task?.endsAt;
    return task.endsAt + Math.floor(this.#pace.leastMs(workLeft(stretch)));
  }

  /** Whether nothing on the way can fail. */
  #isSure({ image }: ImageStretch): boolean {
    const { flash, cpu } = this.#options.profile;
    const isFed = flash.eraseStallsCpu === 0 || flash.eraseSectorMaxMs < cpu.watchdogMs;
    const isServed = this.#hasNetwork && isHonest(image, this.#options.origin(image));
    return isFed && isServed && this.loader.spare.flash.canErase(1);
  }

  /** When the CPU, which stands still while flash is erased, can next do something, from this instant on. */
  freeAt(at: EpochMs): EpochMs {
    return this.#task === undefined ? at : freeAt(this.#task, at);
  }

  /** Ends the operation under way, if it is due. */
  advance(now: EpochMs): DeviceEvent | undefined {
    const task = this.#task;
    if (task === undefined || task.endsAt > now) return undefined;
    if (task.ends === 'watchdog') return this.#crash('watchdog', task.endsAt);
    this.#task = undefined;
    const { failure } = task;
    task.settle?.(true, task.endsAt - task.startedAt);
    if (task.ends === 'operation') return failure === undefined ? ended : { kind: 'ended', failure };
    this.#startedAt = task.endsAt;
    const outcome = this.#bootOutcome;
    this.#bootOutcome = undefined;
    return outcome && { kind: 'booted', outcome };
  }

  powerOn(now: EpochMs): void {
    if (this.#powered) return;
    this.#powered = true;
    this.#crashesInRow = 0;
    this.#startLoader(now);
  }

  /** Everything volatile is gone; what was under way stays as far as it got. */
  powerCut(now: EpochMs): void {
    this.#powered = false;
    this.#loseVolatile(now);
  }

  /** Asked for by the firmware. */
  reset(now: EpochMs): void {
    this.#crashesInRow = 0;
    this.#loseVolatile(now);
    this.#startLoader(now);
  }

  /** The supply gives so much less than its figure says. */
  weakenSupply(byMv: number): void {
    this.#supply.weaken(byMv);
  }

  /** The radio sends. @returns what becomes of the device, if the supply does not hold */
  transmit(now: EpochMs): DeviceEvent | undefined {
    return this.#supply.holds(now) ? undefined : this.#crash('brown-out', now);
  }

  /** Stops what is under way, as far as it got: a write is torn. It will not be heard of again. */
  abort(now: EpochMs): void {
    const task = this.#task;
    this.#task = undefined;
    task?.settle?.(false, now - task.startedAt);
  }

  /** Without a network a download stands still, and goes on where it was when there is one again. */
  setNetwork(isThere: boolean, now: EpochMs): void {
    if (isThere === this.#hasNetwork) return;
    this.#hasNetwork = isThere;
    const task = this.#task;
    if (task === undefined || !task.isDownload) return;
    this.#task = isThere ? goingOn(task, now) : standingStill(task, now, 'download-failed');
  }

  /** Non-volatile memory loses what was written last, or the boot loader its order. */
  spoil({ what, how }: { readonly what: 'checkpoint' | 'loader-record'; readonly how: 'lose' | 'tear' }): void {
    if (what === 'loader-record') this.loader.forgetOrder();
    else if (how === 'lose') this.record.lose();
    else this.record.tear();
  }

  openConnection(): void {
    this.memory.reserve('connection', connectionBytes(this.#options.profile.ram));
  }

  closeConnection(): void {
    this.memory.release('connection');
  }

  reserveDocument(bytes: number): Started {
    return this.memory.reserve('document', bytes) ? done : { failure: 'out-of-memory' };
  }

  releaseDocument(): Started {
    this.memory.release('document');
    return done;
  }

  download(image: ImageReference, offset: number, bytes: number, now: EpochMs): Started {
    const { ram } = this.#options.profile;
    const tlsBytes = image.stream === undefined ? ram.tlsBytes : 0;
    if (!this.memory.reserve('download', tlsBytes + ram.segmentBytes)) return { failure: 'out-of-memory' };
    this.#hasOpenDownload = true;
    const served = this.#options.origin(image);
    if (served === undefined || offset + bytes > (served.refusedFrom ?? Infinity)) {
      return this.#start(now, this.#pace.latencyMs(), 'download-failed');
    }
    const task: Task<OperationFailure> = {
      startedAt: now,
      endsAt: now + Math.ceil(this.#pace.downloadMs(bytes)),
      ends: 'operation',
      failure: undefined,
      settle: undefined,
      stall: undefined,
      isDownload: true,
      goesOn: undefined,
    };
    const comes = offset + bytes <= (served.stallsFrom ?? Infinity);
    if (!comes) this.#task = { ...standingStill(task, now, 'download-failed'), goesOn: undefined };
    else this.#task = this.#hasNetwork ? task : standingStill(task, now, 'download-failed');
    return 'under-way';
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
    return this.#start(now, this.#pace.digestMs(bytes), isRight ? undefined : 'digest-mismatch');
  }

  /** @param erasesAhead the whole image's sectors at its start, in one go, instead of each segment's own one by one */
  write(image: ImageReference, offset: number, bytes: number, erasesAhead: boolean, now: EpochMs): Started {
    const { flash } = this.loader.spare;
    const content = this.#options.origin(image)?.digest ?? image.sha256;
    const isErased = erasesAhead && offset > 0 && flash.isBlank(offset, bytes);
    const eraseBytes = erasesAhead && offset === 0 ? image.sizeBytes : bytes;
    const write: SegmentWrite = { offset, bytes, content, eraseBytes: isErased ? 0 : eraseBytes };
    if (!flash.canWrite(write)) return { failure: 'storage-failed' };
    this.loader.openSpare();
    const pace = this.#pace.flash();
    const settle: Settle = (isWhole, elapsedMs) => flash.write(write, pace, isWhole ? undefined : elapsedMs);
    const stall = { eachMs: pace.eraseSectorMs, count: flash.sectorsErasedBy(write), isSliced: !erasesAhead };
    return this.#start(now, flash.writeMs(write, pace), undefined, settle, stall);
  }

  /** Reads the spare slot back. */
  check(image: ImageReference, now: EpochMs): Started {
    // Nothing is written meanwhile.
    const isRight = this.loader.spare.flash.holds(image.sha256, image.sizeBytes);
    return this.#start(now, this.#pace.readBackMs(image.sizeBytes), isRight ? undefined : 'digest-mismatch');
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
    return this.#start(now, durationMs, fails ? 'handler-failed' : undefined);
  }

  selfTest(now: EpochMs): Started {
    const fails = this.loader.running.image?.health === 'fails-self-test';
    return this.#start(now, this.#options.profile.boot.selfTestMs, fails ? 'self-test-failed' : undefined);
  }

  /** Writes the non-volatile record. */
  keep(value: Kept | undefined, now: EpochMs): Started {
    return this.#rewriteSector(now, recordPages, (isWhole) => this.record.write(value, isWhole));
  }

  #start(now: EpochMs, durationMs: DurationMs, failure?: OperationFailure, settle?: Settle, stall?: Stall): Started {
    const { flash, cpu } = this.#options.profile;
    const stalls = flash.eraseStallsCpu === 1 ? stall : undefined;
    const isBitten = stalls !== undefined && longestStallMs(stalls) >= cpu.watchdogMs;
    this.#task = {
      startedAt: now,
      endsAt: now + Math.ceil(isBitten ? cpu.watchdogMs : durationMs),
      ends: isBitten ? 'watchdog' : 'operation',
      failure,
      settle,
      stall: stalls,
      isDownload: false,
      goesOn: undefined,
    };
    return 'under-way';
  }

  #changeLoaderState(now: EpochMs, change: () => void): Started {
    return this.#rewriteSector(now, loaderStatePages, (isWhole) => {
      if (isWhole) change();
    });
  }

  /** Erases a sector outside the slots and programs a few pages of it. */
  #rewriteSector(now: EpochMs, pages: number, settle: Settle): Started {
    const { eraseSectorMs, programPageMs } = this.#pace.flash();
    const stall = { eachMs: eraseSectorMs, count: 1, isSliced: true };
    return this.#start(now, eraseSectorMs + pages * programPageMs, undefined, settle, stall);
  }

  #crash(cause: CrashCause, now: EpochMs): DeviceEvent {
    this.#crashesInRow = now - this.#startedAt >= stableMs ? 1 : this.#crashesInRow + 1;
    this.#loseVolatile(now);
    this.#startLoader(now);
    return { kind: 'crashed', cause };
  }

  /** An image that does not boot hangs until the watchdog bites, and the loader starts again. */
  #startLoader(now: EpochMs): void {
    const { boot, cpu, ram } = this.#options.profile;
    const hangs = this.loader.willHang;
    const load = () => {
      this.#bootOutcome = this.loader.boot();
      this.#boots += 1;
      this.memory.reserve('firmware', ram.firmwareBytes);
    };
    this.#task = {
      startedAt: now,
      endsAt: now + Math.ceil(boot.loaderMs + (hangs ? cpu.watchdogMs + boot.loaderMs : 0) + boot.applicationMs),
      ends: 'boot',
      failure: undefined,
      settle: (_isWhole, elapsedMs) => {
        if (elapsedMs >= boot.loaderMs) load();
      },
      stall: undefined,
      isDownload: false,
      goesOn: undefined,
    };
  }

  #loseVolatile(now: EpochMs): void {
    const task = this.#task;
    this.#task = undefined;
    task?.settle?.(false, now - task.startedAt);
    this.#bootOutcome = undefined;
    this.#hasOpenDownload = false;
    this.memory.clear();
  }
}
