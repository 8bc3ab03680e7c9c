/**
 * What a valid device may need, in one table: each figure with the reason for it. AWS gives none of them, so each is generous
 * to a device that is well and still far from what a broken one does. A device's own pace, as its handshake showed it, may
 * raise a limit; nothing lowers one silently.
 */

const table = {
  /** One late update is nothing; three in a row say that the answer is not read (R01, R21, R23). */
  refusedUpdates: 3,
  /** Once told, a device may finish a flash operation that cannot be stopped; an erase takes seconds (R70). */
  noticeMs: 10_000,
  /** What was under way when a message arrived is nobody’s fault: a packet in the air, an update in a queue. */
  crossingMs: 2_000,
  /** More requests for bytes than any agent has under way at a time, where they come faster than it can be told. */
  askedForWhatIsGone: 32,
  /** A question that is open this long is not waited for any more; MQTT clients give up after 30 to 60 s. */
  answerMs: 120_000,
  /** To be idle again when nothing is left to do: undo, perhaps a boot and a connection, and then the question. */
  settleMs: 180_000,
  /** To end a job that nothing disturbs; shorter than the poll of an idle device, which would hide every lost hint. */
  jobMs: 600_000,
  /** Progress each percent is twenty a minute at most in an update of minutes; one a second without end is a storm. */
  requestsPerMinute: 60,
  /** Beside those: a device that ends many small jobs in a minute starts, reports and asks for each. */
  requestsPerExecution: 10,
  /** A pause of three seconds each time; AWS throttles a client id that connects more than once a second. */
  connectsPerMinute: 20,
  /** So many pauses of one request, all short and none longer than the first, are not a back-off. */
  repeatsWithoutGrowth: 12,
  /** A pause of this length loads nobody, even where it does not grow. */
  shortPauseMs: 5_000,
  /** So many first pauses after a failure, all alike to the millisecond, have no chance in them: a fleet would return in step. */
  equalPauses: 4,
  /** An image is fetched once, again after a power cut, and once more after a failed check. */
  downloadsPerExecution: 3,
  /** The largest image of a simulated run, twice, with room to spare; flash wears out. */
  erasesPerExecution: 40,
  /** Into the new image, back from it, and one more for a reset that recovers. */
  bootsPerExecution: 3,
  /** The first boot, and two that cannot be told apart from outside. */
  spareBoots: 3,
  /** A program that exits when it loses its connection, or gets none, is started again and again until the link is back. */
  restartsPerOutage: 12,
  /** While the supply sags each attempt to send may reset the device, with a growing pause after each (R72). */
  bootsOnWeakSupply: 12,
  /** A filter for one job or two may be left to the next connection; more of them only grow (R50). */
  heldFilters: 8,
  /** A rig that runs this late itself cannot tell a late device from a late host. */
  lagMs: 2_000,
};

export type LimitId = keyof typeof table;

/** Milliseconds where the name ends in `Ms`, else a count. */
export type Limits = Readonly<Record<LimitId, number>>;

/** @param own limits of this device that replace those of the table */
export function limitsWith(own: Partial<Limits> = {}): Limits {
  const limits: Partial<Record<LimitId, number>> = {};
  for (const id of Object.keys(table) as LimitId[]) limits[id] = own[id] ?? table[id];
  return limits as Limits;
}
