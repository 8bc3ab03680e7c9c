/**
 * Every figure of a hardware profile, and what it may be. The table is the type: a profile has exactly these members. What is
 * possible for each alone stands here, what contradicts another in profile.ts. Zero means that a device has no such thing
 * where a figure's sentence says so.
 */

/** What a figure may be, both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly whole?: true;
}

const bytes: Range = { min: 1, max: 2 ** 34, whole: true };
const upToMinutes: Range = { min: 0, max: 600_000 };
const upToWeeks: Range = { min: 0, max: 2_419_200_000, whole: true };
const millivolts: Range = { min: 0, max: 60_000, whole: true };

export const figureRanges = {
  ram: {
    /** What the application may use. */
    usableBytes: bytes,
    /** What the firmware takes before it connects. */
    firmwareBytes: bytes,
    /** What one TLS session takes. */
    tlsBytes: { min: 0, max: 2 ** 34, whole: true },
    /** The largest MQTT message that can be received, and sent. */
    mqttBufferBytes: bytes,
    /** How much of an image is downloaded, verified and written at a time. */
    segmentBytes: bytes,
  },
  flash: {
    /** One firmware slot; there are two. */
    slotBytes: bytes,
    /** What is erased at once. */
    sectorBytes: bytes,
    /** What is programmed at once. */
    pageBytes: bytes,
    /** Typical; an erase takes from this to the longest. */
    eraseSectorMs: upToMinutes,
    /** Longest. */
    eraseSectorMaxMs: upToMinutes,
    /** Typical. */
    programPageMs: upToMinutes,
    /** Longest. */
    programPageMaxMs: upToMinutes,
    /** How fast a slot is read back. */
    readBytesPerMs: bytes,
    /** How often a sector can be erased. */
    enduranceErases: { min: 1, max: 2 ** 31, whole: true },
    /** 1: the CPU stands still while a sector is erased; 0: it goes on. */
    eraseStallsCpu: { min: 0, max: 1, whole: true },
  },
  cpu: {
    /** How fast it hashes. */
    digestBytesPerMs: bytes,
    /** Resets the device when the CPU stood still for so long. */
    watchdogMs: { min: 10, max: 600_000 },
  },
  link: {
    /** Once data flows. */
    downloadBytesPerMs: { min: 0.01, max: 1_000_000 },
    /** From the request of a segment to its first byte, typically. */
    latencyMs: upToMinutes,
    /** Longest. */
    latencyMaxMs: upToMinutes,
    /** MQTT keep-alive; the service hangs up after one and a half (AWS allows 30 s to 1200 s). */
    keepAliveMs: { min: 30_000, max: 1_200_000, whole: true },
    /** Radio quiet for so long: it sleeps. */
    activeMs: upToWeeks,
    /** The cycle of that sleep: what arrives is heard at its end. 0: the radio never sleeps. */
    sleepMs: upToWeeks,
  },
  power: {
    /** What the supply gives at rest. */
    supplyMv: millivolts,
    /** How far it sags while a rested device sends. */
    sagMv: millivolts,
    /** How far it sags at most when the device sends again before it has rested. */
    burstSagMv: millivolts,
    /** How long a rest must be. */
    restMs: upToMinutes,
    /** The detector resets the device below this. */
    brownOutMv: millivolts,
  },
  boot: {
    /** From reset to the application's first instruction. */
    loaderMs: upToMinutes,
    /** From there until it connects. */
    applicationMs: upToMinutes,
    /** From there until the clock is set; TLS needs it to judge the service's certificate. */
    timeSyncMs: upToMinutes,
    /** What the self-test takes before the service is asked. */
    selfTestMs: upToMinutes,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Range>>>>;

export type Figures = {
  readonly [Group in keyof typeof figureRanges]: {
    readonly [Name in keyof (typeof figureRanges)[Group]]: number;
  };
};
