/**
 * The limits of AWS IoT Jobs and of its broker, each with its source in the reference (limits.md unless another file is
 * named). Lengths, patterns and ranges of single members are not here: they live in the operation table and are enforced
 * by validation.ts. Of rates there are two, a rollout's and a connection's in strict mode: jobrig does not throttle otherwise.
 */

// Device shadow, shadow-and-provisioning.md §1.

/** UTF-8 bytes of `desired` and `reported` together, as JSON text without metadata. */
export const maxShadowBytes = 8192;
/** UTF-8 bytes of a shadow request's `clientToken`. */
export const maxClientTokenBytes = 64;
/** How long the version of a deleted shadow goes on in one of the same name, in hours. */
export const shadowVersionHours = 48;

// Certificates and policies: the quotas of AWS IoT Core, and shadow-and-provisioning.md §2 and §4.

/** Policies attached to one certificate or thing group. */
export const maxPoliciesPerTarget = 10;
/** Versions of one policy that are kept. */
export const maxPolicyVersions = 5;
/** Of a provisioning template. */
export const maxTemplateVersions = 5;
/** How long a certificate that a claim has made can be provisioned, in minutes. */
export const ownershipTokenMinutes = 60;
/** How long a provisioning claim is good for, in minutes. */
export const provisioningClaimMinutes = 5;

// Jobs, limits.md §1.

/** Characters of a job's id, but for the jobs of OTA updates. */
export const maxJobIdLength = 64;

/** Targets of one job. */
export const maxTargets = 100;
/** UTF-8 bytes of a job document; the model says characters, the quota bytes (ambiguities.md A24). */
export const maxDocumentBytes = 32_768;
/** Jobs that may be in DELETION_IN_PROGRESS at once. */
export const maxJobsDeleting = 10;
/** Package versions that a job may name as its destination. */
export const maxDestinationPackageVersions = 25;
/** Retries of one job on one thing, all failure types together. */
export const maxRetries = 10;
/** Executions that a rollout may queue in a minute; also the rate when none is asked for (configs.md §1). */
export const maxRolloutPerMinute = 1000;
/** Jobs that may be rolled out or canceled at once; further rollouts wait. */
export const maxConcurrentJobs = 500;
export const maxJobTemplates = 100;
export const maxTagsPerResource = 50;

/** In-progress and step timeouts, minutes (configs.md §3). */
export const timeoutMinutes = { min: 1, max: 10_080 } as const;
/** As `stepTimeoutInMinutes`: drop the running step timer. */
export const dropStepTimer = -1;

/** Life of a presigned URL, seconds. */
export const presignedUrlSeconds = { min: 60, max: 3600, default: 3600 } as const;

// Job executions, limits.md §1 and §2.

export const maxStatusDetails = 10;
export const maxStatusDetailValueLength = 1024;
/** Pending executions that a device is shown. */
export const maxPendingShown = 10;
/** Pending executions that a device is shown when some belong to jobs with an open maintenance window. */
export const maxPendingShownWithSchedule = 15;

// Lists, limits.md §1 and §4.

/** Entries of one page; also the page when `maxResults` is absent (ambiguities.md A41). */
export const maxPageSize = 250;

// Things and groups, limits.md §4.

export const maxThingAttributes = 50;
export const maxThingAttributesWithoutType = 3;
export const maxThingGroupAttributes = 50;
export const maxGroupsPerThing = 10;
export const maxGroupDepth = 7;
export const maxChildGroups = 100;

// Message broker, per connection, limits.md §5.

export const maxClientIdBytes = 128;
export const maxPublishBytes = 131_072;
export const maxTopicFiltersPerSubscribe = 8;
export const maxSubscriptions = 50;
/** 0 and more than `max` count as `max`, less than `min` as `min`. */
export const keepAliveSeconds = { min: 30, max: 1200 } as const;
/** Of an MQTT 5 session after its connection, and the most that may be asked for: 7 days. */
export const maxSessionExpirySeconds = 604_800;
/** Of an MQTT 5 packet in either direction: 146 KB. */
export const maxPacketBytes = 149_504;
/** The least that a client may allow as its own Maximum Packet Size. */
export const minClientPacketBytes = 512;
/** QoS 1 messages that may be on their way without acknowledgement, in each direction. */
export const maxUnacknowledged = 100;
export const maxTopicAliases = 8;
/** Ordinary topics, UTF-8 bytes. */
export const maxTopicBytes = 256;
export const maxTopicSlashes = 7;
/** Characters of the name of a group in `$share/NAME/FILTER`. */
export const maxShareNameLength = 128;
/** A message lives at most 7 days, and at least a second. */
export const maxMessageExpirySeconds = 604_800;
/** UTF-8 bytes of properties of a message; user properties count together. */
export const maxPropertyBytes = { user: 8192, correlationData: 8192, contentType: 256 } as const;
// Message broker, in strict mode only, limits.md §5.

/** Of one connection, both directions together. */
export const maxPublishesPerSecond = 100;
/** How long AWS keeps a persistent session of MQTT 3.1.1 whose client is away. */
export const persistentSessionSeconds = 3600;

// Device shadows, shadow-and-provisioning.md §1.

/** Requests that have not been answered; more are refused with 429 (S10). */
export const maxShadowsInFlight = 10;

// Streams and OTA updates, streams-and-ota.md §1.2, §2 and S14.

/** Bytes of a file in an OTA update. */
export const maxOtaFileBytes = 16 * 1024 * 1024;
export const maxFilesPerStream = 50;
/** After this many days a deleted stream's id begins with version 1 again. */
export const streamVersionDays = 90;
export const streamBlockBytes = { min: 256, max: 131_072 } as const;
/** Blocks of one request together, payload only. */
export const maxStreamRequestBytes = 131_072;
/** First block, and number of blocks: 24 MB in the smallest blocks. */
export const maxStreamBlocks = 98_304;
export const maxStreamBitmapBytes = 12_287;
export const maxStreamTokenBytes = 64;
/** Life of a presigned URL of an OTA update when none is asked for, seconds. */
export const otaPresignedUrlSeconds = 1800;
