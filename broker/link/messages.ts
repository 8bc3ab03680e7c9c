/**
 * What a door and the engine say to each other: lists that begin with what they are, and, for what comes with every message of a
 * device, entries of bytes. Only what changes hands stands here: order is the line's business, meaning that of the two ends.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { NotificationName, RequestOperation } from '../../protocol/topics.ts';
import type { CommandOf, Effect, OperationName, Rejected, Reply } from '../engine/contract.ts';
import type { SessionChange } from '../mqtt/kept-sessions.ts';
import type { PassedMessage } from '../mqtt/passing.ts';
import type { Interest } from '../mqtt/subscription-index.ts';
import type { ToldOn } from './told.ts';

/** Raised by every change of what stands here: an engine and a door of different versions do not work together. */
export const linkVersion = 11;

/** What a node says of itself when it is linked. */
export interface AboutNode {
  /** Region and account; absent: it has no opinion. */
  readonly identity?: string;
  /** What its machine's clock says: nothing depends on it, but people compare times. */
  readonly clock: EpochMs;
}

export type FromDoor =
  /**
   * @param hears whether it has clients: whoever only asks is told of nothing.
   * @param wantsRows this door has none of its sessions in memory.
   * @param generation of the members that it heard of last.
   * @param peer where other doors hand clients on to this one; absent: they know.
   */
  | readonly [
      'hello',
      version: number,
      door: number,
      hears: boolean,
      wantsRows: boolean,
      generation: number,
      about: AboutNode,
      peer?: string,
    ]
  | readonly ['ask', id: number, name: OperationName, request: CommandOf<OperationName>['request']]
  /** All that this door is to be told of: of other things it is told no more. Said once, when it is welcome. */
  | readonly ['interests', interests: readonly Interest[]]
  /** It is to be told of more, or less. @param id present: it asks to be told when this is known */
  | readonly ['interest', interest: Interest, has: boolean, id?: number]
  /** What its clients were told last: said once, to each engine but the first. */
  | readonly ['told', told: readonly ToldOn[]]
  /** Whether there are persistent sessions here, for which effects are kept together with what they come from. */
  | readonly ['keepers', any: boolean]
  /** A row of a session, to be kept. */
  | readonly ['keep', change: SessionChange]
  /** Asks whether all rows so far are kept. */
  | readonly ['settle', id: number]
  /** All that has to be kept together with this effect has been said. */
  | readonly ['foreseen', effectId: number]
  | readonly ['pass', message: PassedMessage]
  /** All that has to be kept of a message that was passed to it has been said. */
  | readonly ['passed', id: number]
  /** It has let go of what is not its own among these members. */
  | readonly ['released', generation: number]
  /** It wants to end, and its sessions to be elsewhere. */
  | readonly ['leave']
  /** It is there: the answer to the same. */
  | readonly ['alive']
  /** This door has members of this group that shares a subscription, or none any more. */
  | readonly ['group', name: string, has: boolean]
  /** For the engine's process, which hands it to whoever listens there. */
  | readonly ['tell', event: unknown];

export type FromEngine =
  /** One of its sessions and messages, said before `welcome` or `complete`. */
  | readonly ['row', change: Required<SessionChange>]
  /** @param epoch of an engine that leads on a database; 0: it is the only one. */
  | readonly [
      'welcome',
      at: EpochMs,
      timeScale: number,
      keepsSessions: boolean,
      epoch: number,
      doors: number,
      about: AboutNode,
    ]
  /** The sessions that it has in memory have gone on elsewhere. */
  | readonly ['forget']
  /** To which doors clients belong from now on. */
  | readonly ['members', generation: number, members: readonly number[]]
  /** It has all that is its own among these members. */
  | readonly ['complete', generation: number]
  /** Its sessions are elsewhere. */
  | readonly ['left']
  /** The engine is there, though it has nothing to say. */
  | readonly ['alive']
  /** Where the doors are that take clients of theirs. */
  | readonly ['peers', peers: readonly (readonly [door: number, address: string])[]]
  /** There is a thing of this name, or none any more. */
  | readonly ['thing', name: string, exists: boolean]
  | readonly ['refused', reason: string]
  /** What an interest of this id is about is told from now on. */
  | readonly ['known', id: number]
  | readonly ['answer', id: number, reply: Reply<unknown>, at: EpochMs]
  /** A device's request of this id was not read. */
  | readonly ['refusal', id: number, refusal: Rejected]
  /** What of an effect was foreseen is all. */
  | readonly ['foresee', effectId: number]
  /** Of effects that are no messages. */
  | readonly ['effect', effect: Effect]
  /** It was foreseen; the door knows what it is. @param pending what is told by it (told.ts) */
  | readonly ['certain', effectId: number, pending: number]
  /** What whoever is interested from now on knows, or can ask: as if it had been told. */
  | readonly ['told', told: readonly ToldOn[]]
  | readonly ['settled', id: number, kept: boolean]
  /** @param id present: the engine waits for `passed` */
  | readonly ['pass', message: PassedMessage, id?: number]
  /** Every device is refused with RequestThrottled until then. */
  | readonly ['throttled', until: EpochMs]
  /** Whether too much waits to be kept: what clients ask is not read then. */
  | readonly ['held', isHeld: boolean]
  /** For whoever operates the service by this link: what has become of executions. */
  | readonly ['counted', counts: unknown]
  /** For the door's process, which hands it to whoever listens there; what was said last holds. */
  | readonly ['wanted', what: unknown];

/** Kinds of entries of bytes. */
export const kinds = {
  /** From a door: a device has published this on a request topic, which is the name; for topics with a namespace. */
  request: 1,
  /** The answer to the request of this id. A name says why that was no JSON object. */
  accepted: 2,
  rejected: 3,
  /** A message of the service for whoever has subscribed to the topic, which is the name. Its id is what is told by it (told.ts). */
  message: 4,
  /** The same, of an effect of this id, of which the door is asked what has to be kept with it before it is certain. */
  foreseen: 5,
} as const;

export const firstRequestKind = 0x80;
/** Kinds of entries about a thing, by what they are in the topic. From a door: a device asks. */
export const requestKinds: { readonly [Operation in RequestOperation]: number } = {
  GetPendingJobExecutions: firstRequestKind,
  StartNextPendingJobExecution: firstRequestKind + 1,
  DescribeJobExecution: firstRequestKind + 2,
  UpdateJobExecution: firstRequestKind + 3,
};
/** For a door: what is told of a thing. Its id is what is told by it, as with other messages. */
export const notificationKinds: { readonly [Name in NotificationName]: number } = {
  JobExecutionsChanged: 0x90,
  NextJobExecutionChanged: 0x91,
};
