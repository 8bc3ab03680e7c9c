/**
 * The boot loader and its two slots. A new image is tried once: the loader boots it as pending, and unless it is confirmed
 * before the next reset, whatever causes that reset, the loader goes back to the confirmed one and gives the new one up. So
 * one confirmed image is always there. Its own state changes in one write, which either happened or did not.
 * Models MCUboot's test swap and ESP-IDF's rollback; what they differ in is not modelled.
 */
import type { SlotState } from '../../observation/inside.ts';
import { type FlashCounters, SlotFlash } from './flash.ts';
import type { HardwareProfile } from './profile.ts';

/** How an image behaves once it runs; only running it tells. */
export type ImageHealth = 'good' | 'fails-self-test' | 'does-not-boot';

export interface SlotImage {
  readonly version: string;
  /** Its digest, which is what its pages hold. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly health: ImageHealth;
}

interface Slot {
  readonly flash: SlotFlash;
  state: SlotState;
  /** Of the image that was put there; absent while empty or partial. */
  image: SlotImage | undefined;
}

type SlotIndex = 0 | 1;

export interface BootOutcome {
  readonly running: SlotImage;
  readonly isConfirmed: boolean;
  /** The image runs for the first time. */
  readonly isNew: boolean;
}

export class BootLoader {
  readonly slots: readonly [Slot, Slot];
  #active: SlotIndex = 0;

  constructor(geometry: HardwareProfile['flash'], counters: FlashCounters, initial: SlotImage) {
    const slot = (): Slot => ({ flash: new SlotFlash(geometry, counters), state: 'empty', image: undefined });
    this.slots = [slot(), slot()];
    this.slots[0].flash.preload(initial.digest);
    this.slots[0].state = 'confirmed';
    this.slots[0].image = initial;
  }

  get active(): SlotIndex {
    return this.#active;
  }

  get running(): Slot {
    return this.slots[this.#active];
  }

  get spare(): Slot {
    return this.slots[this.#spareIndex()];
  }

  /** The version that was tried and given up, while the spare slot holds it. */
  get failedVersion(): string | undefined {
    return this.spare.state === 'invalid' ? this.spare.image?.version : undefined;
  }

  /** The spare slot is about to be written: nothing in it can be booted any more. */
  openSpare(): void {
    this.spare.state = 'partial';
    this.spare.image = undefined;
  }

  /** The order to try the spare slot at the next reset. */
  select(image: SlotImage): void {
    this.spare.image = image;
    this.spare.state = 'ready';
  }

  /** Whether there is anything in the spare slot to discard: an image that is never booted again is not. */
  get hasSpare(): boolean {
    return this.spare.state === 'partial' || this.spare.state === 'ready';
  }

  /** Takes the order back, and the image with it. */
  discardSpare(): void {
    this.spare.image = undefined;
    this.spare.state = 'empty';
  }

  /** Its own record is lost: what is in the spare slot is only a part of something. */
  forgetOrder(): void {
    if (this.spare.state === 'ready') this.openSpare();
  }

  confirm(): void {
    if (this.running.state !== 'pending-verify') return;
    this.running.state = 'confirmed';
    // The old image is not booted again (anti-rollback).
    this.spare.state = 'invalid';
  }

  /** Whether the next boot will try an image that never gets as far as its application. */
  get willHang(): boolean {
    return this.running.state === 'confirmed' && this.#bootable()?.health === 'does-not-boot';
  }

  boot(): BootOutcome {
    if (this.running.state === 'pending-verify') this.#giveUp(this.running);
    const { spare } = this;
    let isNew = false;
    if (spare.state === 'ready') {
      const image = this.#bootable();
      if (image !== undefined && image.health !== 'does-not-boot') {
        spare.state = 'pending-verify';
        this.#active = this.#spareIndex();
        isNew = true;
      } else {
        // Broken, or it hung until the watchdog bit: tried and given up in one go.
        spare.state = 'invalid';
      }
    }
    const { image, state } = this.running;
    // One slot is confirmed or pending at any time, and has its image.
    return { running: image!, isConfirmed: state === 'confirmed', isNew };
  }

  /** What is in the spare slot to be tried, whole. */
  #bootable(): SlotImage | undefined {
    const { flash, image, state } = this.spare;
    return state === 'ready' && image !== undefined && flash.holds(image.digest, image.sizeBytes) ? image : undefined;
  }

  #giveUp(slot: Slot): void {
    slot.state = 'invalid';
    this.#active = this.#spareIndex();
  }

  #spareIndex(): SlotIndex {
    return this.#active === 0 ? 1 : 0;
  }
}
