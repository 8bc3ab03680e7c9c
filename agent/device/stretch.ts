/** Segments of an image that are downloaded, verified and written one after another, the first of them under way. */
import type { ImageReference } from './image.ts';
import type { SegmentWork } from './pace.ts';

export interface ImageStretch {
  readonly image: ImageReference;
  readonly offset: number;
  readonly end: number;
  readonly segmentBytes: number;
  /** What is being done with the segment under way. */
  readonly doing: 'download' | 'verify' | 'write';
}

/** What is left to do when the operation under way has ended. */
export function workLeft({ offset, end, segmentBytes, doing }: ImageStretch): SegmentWork {
  const left = end - offset;
  const behind = left - Math.min(left, segmentBytes);
  return {
    downloads: Math.ceil(left / segmentBytes) - 1,
    downloadBytes: behind,
    verifyBytes: doing === 'download' ? left : behind,
    writeBytes: doing === 'write' ? behind : left,
  };
}
