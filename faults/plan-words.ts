/** The words that a fault plan is made of. */

/** AWS's names of what a device may ask for. */
export const operations = [
  'GetPendingJobExecutions',
  'StartNextPendingJobExecution',
  'DescribeJobExecution',
  'UpdateJobExecution',
] as const;
export type Operation = (typeof operations)[number];

/** Beside them what goes over MQTT only: requests for blocks of a stream, and blocks. */
export const messageOperations = [...operations, 'GetStream'] as const;
export type MessageOperation = (typeof messageOperations)[number];

export const directions = ['request', 'reply', 'notification'] as const;
export type Direction = (typeof directions)[number];

export const messageEffects = ['lost', 'duplicate', 'late'] as const;
export type MessageEffect = (typeof messageEffects)[number];

export const serviceAnswers = [
  'RequestThrottled',
  'InternalError',
  'InvalidRequest',
  /** A rejection with a code that is in no table. */
  'unknown-code',
  'late',
  'twice',
  'not-at-all',
  /** To whoever asks for the next execution: as if nothing were pending. */
  'empty-next',
] as const;
export type ServiceAnswer = (typeof serviceAnswers)[number];

/** What comes of a CONNECT or a SUBSCRIBE. */
const handshakeAnswers = ['not-at-all', 'refused'] as const;
export type HandshakeAnswer = (typeof handshakeAnswers)[number];
