/** Firmware images as a device meets them: what a job says about one, and what a server really has behind that. */
import type { ImageHealth } from './boot-loader.ts';

/** An image as somebody describes it. */
export interface ImageReference {
  readonly url: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** It comes over the device's own connection, and needs none of its own. */
  readonly stream?: object;
}

/** What really lies behind a description. */
export interface ServedImage {
  readonly digest: string;
  readonly health: ImageHealth;
  /** From this byte on nothing comes any more, and the server does not say so. */
  readonly stallsFrom?: number;
  /** From this byte on the server refuses. */
  readonly refusedFrom?: number;
}

/** Where images come from; `undefined`: there is none. */
export type ImageOrigin = (image: ImageReference) => ServedImage | undefined;

/** The image is what its description says, and works. */
export const honestOrigin: ImageOrigin = ({ sha256 }) => ({ digest: sha256, health: 'good' });

/** What is described is what is served, and all of it comes. */
export function isHonest({ sha256 }: ImageReference, served: ServedImage | undefined): boolean {
  return served?.digest === sha256 && served.stallsFrom === undefined && served.refusedFrom === undefined;
}
