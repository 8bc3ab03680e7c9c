/**
 * Where AWS is silent or contradicts itself and no measurement helps: one switch for each such row of the reference, with both
 * readings. `observed` is what this service decided on, `documented` the other reading, which a page's words, an older page
 * or another emulator suggests. The open points of the MQTT broker itself (A5, A18, A19) are in `broker/mqtt/readings.ts`.
 * Source: reference ambiguities.md, the rows marked low; shadow-and-provisioning.md §7 for those with S;
 * streams-and-ota.md §6 for streams.
 */

export interface Profile {
  /**
   * A42: what is told of the first job of a namespace while a job without one is pending. AWS's page says `notify-next`; a
   * field report (aws-greengrass-lite issue 1151) says that only `notify` came.
   */
  readonly namespacedHead: 'told' | 'told when no plain job is pending';
  /** A9: what `{}` as `statusDetails` does to the details that are there. */
  readonly emptyStatusDetails: 'clear' | 'keep';
  /** A12: `startedAt` of an execution that ends without having been started. */
  readonly startedAtWithoutStart: 'absent' | 'the end';
  /** A15: how jobs and executions are listed. */
  readonly listOrder: 'newest first' | 'by status';
  /** A20: what is told first of an update that is stale and comes too late. */
  readonly firstRefusal: 'version' | 'state';
  /** A23: CancelJob for a job that is COMPLETED or CANCELED. */
  readonly cancelOfFinishedJob: 'refused' | 'accepted';
  /** A31: what TIMED_OUT adds to the version. */
  readonly timeOutVersionStep: 0 | 1;
  /** A32: the moment whose group members a scheduled SNAPSHOT job is for. */
  readonly scheduledSnapshot: 'start' | 'creation';
  /** A33: whether an abort writes `comment` and `reasonCode`. */
  readonly abortTexts: 'written' | 'absent';
  /** A36: what an optional parameter of a managed template leaves behind that is not given. */
  readonly omittedParameter: 'empty' | 'placeholder';
  /** A39: a QUEUED execution outside its window, for a device that asks for it by id. */
  readonly hiddenExecution: 'reachable' | 'not found';
  /** S1: levels of members below each section of a shadow. */
  readonly shadowDepth: number;
  /** S5 of streams: what a stream of an OTA update answers once its job, or the device's execution, is deleted. */
  readonly streamAfterItsJob: 'answers' | 'not found';
  /** A41: entries of a page when `maxResults` is absent. */
  readonly defaultPageSize: number;
}

export const profiles = {
  observed: {
    namespacedHead: 'told',
    emptyStatusDetails: 'clear',
    startedAtWithoutStart: 'absent',
    listOrder: 'newest first',
    firstRefusal: 'version',
    cancelOfFinishedJob: 'refused',
    timeOutVersionStep: 1,
    scheduledSnapshot: 'start',
    abortTexts: 'written',
    omittedParameter: 'empty',
    hiddenExecution: 'reachable',
    shadowDepth: 8,
    streamAfterItsJob: 'answers',
    defaultPageSize: 250,
  },
  documented: {
    namespacedHead: 'told when no plain job is pending',
    emptyStatusDetails: 'keep',
    startedAtWithoutStart: 'the end',
    listOrder: 'by status',
    firstRefusal: 'state',
    cancelOfFinishedJob: 'accepted',
    timeOutVersionStep: 0,
    scheduledSnapshot: 'creation',
    abortTexts: 'absent',
    omittedParameter: 'placeholder',
    hiddenExecution: 'not found',
    shadowDepth: 6,
    streamAfterItsJob: 'not found',
    // Assumed: only the maximum is documented; whoever reads on until there is no token is right with any size.
    defaultPageSize: 100,
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;
