/**
 * What can be seen of a device that moves a file: by a signed URL or by blocks of a stream, for which job execution as far as
 * that is known, how much, and how it ended. Whoever watches a device learns from it whether it goes on for a job that was
 * pulled. Only told, never acted upon.
 */
import type { S3Object } from './s3-url.ts';

/** One request of a device for a file, or for a part of it. */
export interface Transfer {
  /** Counts the requests of one service; pairs the two events of a transfer. */
  readonly id: number;
  readonly by: 'url' | 'stream';
  readonly direction: 'download' | 'upload';
  readonly thingName: string;
  /** Absent for a stream that belongs to no job that the service knows of. */
  readonly jobId?: string;
  /** Signed URLs are made for one execution; streams are not. */
  readonly executionNumber?: number;
  readonly streamId?: string;
  /** Absent for a stream, or a file of one, that is not there. */
  readonly object?: S3Object;
  /** First byte asked for, and one past the last. */
  readonly start: number;
  readonly end: number;
  /** Of the whole file; 0 where there is none, and for an upload. */
  readonly totalBytes: number;
  /** Bytes asked for; of a stream these need not be all that lie between start and end. */
  readonly bytes: number;
  /** Numbers of the blocks of a stream, in the order in which they are sent. */
  readonly blocks?: readonly number[];
}

export type TransferEvent =
  | { readonly kind: 'asked'; readonly transfer: Transfer }
  | {
      readonly kind: 'ended';
      readonly transfer: Transfer;
      /** `given up`: the device left before the end. `refused`: the service has nothing to give, or does not take it. */
      readonly outcome: 'finished' | 'given up' | 'refused';
      /** Handed to the connection, or taken from it. */
      readonly bytes: number;
    };

export type TransferListener = (event: TransferEvent) => void;
