/**
 * What a valid device may need, in one table: each figure with the reason for it. AWS gives none of them, so each is generous
 * to a device that is well and still far from what a broken one does. A device's own pace, as its handshake showed it, may
 * raise a limit; nothing lowers one silently.
 */

interface Limit {
  readonly value: number;
  readonly reason: string;
}

const table = {
  refusedUpdates: {
    value: 3,
    reason: 'one late update is nothing; three in a row say that the answer is not read (R01, R21, R23)',
  },
  noticeMs: {
    value: 10_000,
    reason: 'once told, a device may finish a flash operation that cannot be stopped; an erase takes seconds (R70)',
  },
  crossingMs: {
    value: 2_000,
    reason: 'what was under way when a message arrived is nobody’s fault: a packet in the air, an update in a queue',
  },
  askedForTheDead: {
    value: 32,
    reason:
      'more requests for bytes than any agent has under way at a time, where they come faster than it can be told',
  },
  answerMs: {
    value: 120_000,
    reason: 'a question that is open this long is not waited for any more; MQTT clients give up after 30 to 60 s',
  },
  settleMs: {
    value: 180_000,
    reason: 'to be idle again when nothing is left to do: undo, perhaps a boot and a connection, and then the question',
  },
  jobMs: {
    value: 600_000,
    reason:
      'to end a job that nothing disturbs; shorter than the poll of an idle device, which would hide every lost hint',
  },
  requestsPerMinute: {
    value: 60,
    reason:
      'progress each percent is twenty a minute at most in an update of minutes; one a second without end is a storm',
  },
  requestsPerExecution: {
    value: 10,
    reason: 'beside those: a device that ends many small jobs in a minute starts, reports and asks for each',
  },
  connectsPerMinute: {
    value: 20,
    reason: 'a pause of three seconds each time; AWS throttles a client id that connects more than once a second',
  },
  repeatsWithoutGrowth: {
    value: 12,
    reason: 'so many pauses of one request, all short and none longer than the first, are not a back-off',
  },
  shortPauseMs: {
    value: 5_000,
    reason: 'a pause of this length loads nobody, even where it does not grow',
  },
  equalPauses: {
    value: 4,
    reason:
      'so many first pauses after a failure, all alike to the millisecond, have no chance in them: a fleet would return in step',
  },
  downloadsPerExecution: {
    value: 3,
    reason: 'an image is fetched once, again after a power cut, and once more after a failed check',
  },
  erasesPerExecution: {
    value: 40,
    reason: 'the largest image of a simulated run, twice, with room to spare; flash wears out',
  },
  bootsPerExecution: {
    value: 3,
    reason: 'into the new image, back from it, and one more for a reset that recovers',
  },
  spareBoots: { value: 3, reason: 'the first boot, and two that cannot be told apart from outside' },
  restartsPerOutage: {
    value: 12,
    reason:
      'a program that exits when it loses its connection, or gets none, is started again and again until the link is back',
  },
  bootsOnWeakSupply: {
    value: 12,
    reason: 'while the supply sags each attempt to send may reset the device, with a growing pause after each (R72)',
  },
  heldFilters: {
    value: 8,
    reason: 'a filter for one job or two may be left to the next connection; more of them only grow (R50)',
  },
  lagMs: {
    value: 2_000,
    reason: 'a rig that runs this late itself cannot tell a late device from a late host',
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitId = keyof typeof table;

/** Milliseconds where the name ends in `Ms`, else a count. */
export type Limits = Readonly<Record<LimitId, number>>;

/** @param own limits of this device that replace those of the table */
export function limitsWith(own: Partial<Limits> = {}): Limits {
  const limits: Partial<Record<LimitId, number>> = {};
  for (const id of Object.keys(table) as LimitId[]) limits[id] = own[id] ?? table[id].value;
  return limits as Limits;
}
