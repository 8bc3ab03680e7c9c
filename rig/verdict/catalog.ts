/**
 * The catalogue of real recovery bugs as data: the symptom of each and where it was seen, for reports. The text beside it is
 * docs/recovery-bugs.md; a test keeps both equal.
 */

export interface CatalogEntry {
  /** What was seen. */
  readonly symptom: string;
  /** The issue, pull request or file that tells of it. */
  readonly source: string;
}

export const catalog: Readonly<Record<string, CatalogEntry>> = {
  R01: {
    symptom: 'Update/describe answers ResourceNotFound for ever after forced DeleteJob/DeleteJobExecution',
    source: 'API_DeleteJobExecution, page _jobs-workflow-device-online_',
  },
  R02: { symptom: 'After a console cancel the next OTA fails: "already active job"', source: 'aws/amazon-freertos#77' },
  R03: { symptom: 'Device crashes on force-cancel', source: 'aws/amazon-freertos#2510' },
  R04: {
    symptom: 'Force-cancel unnoticed until the download ends or times out',
    source: 'FactbirdHQ/rustot PR#85, #89',
  },
  R06: {
    symptom:
      'Job force-cancelled while the device is in self-test, new job created before reboot → image and job no longer match',
    source: 'amazon-freertos PR#2257',
  },
  R07: { symptom: 'Cancelled + replaced while agent is suspended/offline', source: 'amazon-freertos PR#2184' },
  R08: {
    symptom: 'Abort during download still reboots, installs, then rolls back',
    source: 'mendersoftware/mender PR#1815',
  },
  R09: { symptom: 'Aborted deployment is committed', source: 'mender-mcu PR#192, PR#115' },
  R10: {
    symptom:
      'Cancellation ignored in a window (task not yet registered / broken component / waiting for services) so every later deployment is blocked',
    source: 'aws-greengrass-nucleus#798, #1161, PR#1380',
  },
  R11: { symptom: 'Device accepts a cancel after it already installed', source: 'zephyr#71691' },
  R12: {
    symptom: 'Cancel acknowledged in the wrong form/ID → server stays "canceling", device blocked',
    source: 'eclipse-hawkbit#952, #950, #1318',
  },
  R14: {
    symptom: 'Agent hangs for ever after one rejected update',
    source: 'nrfconnect/sdk-nrf subsys/net/lib/aws_fota/src/aws_fota.c @015b732c',
  },
  R15: { symptom: 'Job vanishes mid-download, download continues to the end', source: 'same file' },
  R16: {
    symptom: 'Cloud says gone, handler keeps running',
    source: 'awslabs/aws-iot-device-client JobsFeature.cpp/JobEngine.cpp @2e20e214',
  },
  R17: {
    symptom: 'Deleted job re-created with same jobId is ignored for ever',
    source: 'API_DeleteJob/API_DeleteJobExecution + [C] isDuplicateNotification @2e20e214',
  },
  R18: {
    symptom: 'CancelJob (no force) does not touch IN_PROGRESS executions; agent that aborts loses good work',
    source: 'tgsong/amazon-freertos-examples#4',
  },
  R19: {
    symptom: 'Thing removed from dynamic group and re-added: same jobId, new execution → stuck QUEUED',
    source: 'aws-greengrass-lite PR#1127 / 8e1aad48',
  },
  R20: {
    symptom: 'Server answers 500 instead of 404 for a deployment that no longer exists → agent retries',
    source: 'mendersoftware/deployments PR#720',
  },
  R21: {
    symptom: 'Gives up on throttling but retries terminal-state errors for ever (10 s…640 s backoff, maxRetries −1)',
    source: 'aws-iot-device-client PR#226',
  },
  R23: {
    symptom: 'update_job loops for ever / retries updates of a cancelled job',
    source: 'gg-lite 9891505a, 31d3aad3',
  },
  R24: { symptom: 'Version drifts after a rejection', source: 'aws_fota.c' },
  R25: { symptom: 'REJECTED sent from IN_PROGRESS is refused', source: 'greengrass-nucleus PR#1354' },
  R26: {
    symptom: 'Rejection with executionState does not fit the scratch buffer → code unreadable → retried for ever',
    source: 'gg-lite 52507d67',
  },
  R27: {
    symptom: 'Finished locally, cloud IN_PROGRESS for ever, and `$next` keeps returning it',
    source: 'gg-lite#1018, PR#1129',
  },
  R29: {
    symptom: 'Final status refused because stdout has control characters or a value >1024 chars',
    source: 'JobsFeature.cpp',
  },
  R30: { symptom: 'HTTP 200 but nothing updated (body held an error)', source: 'aws-sdk-js#2539' },
  R31: {
    symptom:
      'Final update never leaves the modem: QoS0 + 500 ms sleep then disconnect on NB-IoT (~1–3 s RTT); job stays pending',
    source: 'field note',
  },
  R32: { symptom: 'Reply lost in a short drop, caller parked for ever', source: 'rustot PR#122, #125' },
  R34: {
    symptom: 'Needs the service\'s Cancel to leave "failed"; retry then fails "from unexpected state"',
    source: 'Azure/iot-hub-device-update#90',
  },
  R35: { symptom: 'Job executed twice after reconnect', source: 'aws-iot-device-client PR#67' },
  R37: {
    symptom: 'Re-executed because the presigned URL differs between two notifications',
    source: 'aws-iot-device-client PR#473',
  },
  R38: {
    symptom: "Stuck QUEUED: listens to notify-next only, another agent's job is at the head, service sends only notify",
    source: 'aws-greengrass-lite#1151',
  },
  R39: { symptom: 'notify says QUEUED, immediate `$next` returns empty', source: 'nucleus IotJobsHelper.java L111' },
  R40: { symptom: 'Job created while offline never starts', source: 'amazon-freertos#2651, #3005' },
  R41: {
    symptom: 'Broker dropped the session (session_present=0), subscriptions silently gone',
    source: 'rustot PR#123',
  },
  R43: {
    symptom:
      'Job handled 4×, no download; or IN_PROGRESS and download never starts; needs power cycle, "can brick devices in the field"',
    source: 'bifravst/firmware#205, #78',
  },
  R45: { symptom: 'Agent fails or runs jobs that are not its own', source: 'ota-for-aws-iot-embedded-sdk#223' },
  R49: {
    symptom: 'Two connections with one client id evict each other; OTA starts "sometimes"',
    source: 'amazon-freertos#3005, #1702',
  },
  R50: {
    symptom: 'Subscribe storm: per-thing subscribes hit the cap, error swallowed',
    source: 'aws-iot-device-sdk-js#116',
  },
  R51: {
    symptom: 'Platform in self-test, job document is not (or the reverse) → reject + reset',
    source: 'embedded-C#1643',
  },
  R52: {
    symptom: 'Image activated although the status update failed; job FAILED, new image runs',
    source: 'ota-sdk#506',
  },
  R53: { symptom: 'Resume always resets the device', source: 'ota-sdk#421' },
  R54: {
    symptom: 'Reboot deferred by the app → next queued OTA overwrites the slot, rollback to the wrong image / brick',
    source: 'amazon-freertos#637',
  },
  R55: { symptom: 'Same job downloaded and activated again and again', source: 'FreeRTOS/iot-reference-esp32#120' },
  R56: { symptom: 'Result reported before the publisher is registered, then deleted', source: 'nucleus PR#742' },
  R57: { symptom: 'Rolled back but reports success (same action id after revert)', source: 'zephyr#71750' },
  R58: { symptom: 'New image without connectivity is kept for ever', source: 'thingsboard/esp32-ota#7' },
  R59: {
    symptom: 'Good image rolled back because never marked valid / reset too early; job FAILED after a good update',
    source: 'esphome PR#11300, #16891',
  },
  R60: {
    symptom: 'Rollback never armed (state VALID/NEW instead of PENDING_VERIFY)',
    source: 'esp-idf#7859, #5950, #14042',
  },
  R61: { symptom: 'Reboot job marked FAILED or repeats', source: 'aws-iot-device-client#338/PR#375' },
  R62: { symptom: 'Corrupt deployment metadata → boot loop', source: 'nucleus PR#1497, PR#1392' },
  R63: { symptom: 'Power loss during swap / resume path', source: 'mcuboot#1643, #2811' },
  R64: {
    symptom: 'Power pulled mid-download: device reports "UPDATED" with the old version, update never retried',
    source: 'thingsboard#10191',
  },
  R65: {
    symptom:
      'Degraded firmware cannot finish any OTA → needs a no-download rollback command, idempotent under QoS1 redelivery',
    source: 'jibrilsharafi/EnergyMe-Home PR#240',
  },
  R66: {
    symptom:
      'Job document larger than the buffer (1350 B default) → -EMSGSIZE, handler returns before PUBACK → redelivery/stall',
    source: 'aws_fota.c + Kconfig',
  },
  R67: {
    symptom: 'update/accepted overwrites the shared buffer holding the job document → garbage JSON',
    source: 'iot-reference-esp32#7, #73',
  },
  R68: { symptom: 'Long thing names break topics', source: 'esp-aws-iot#147' },
  R69: {
    symptom:
      'After suspend/resume the agent stops silently (block-bitmap check compares blocks with bytes), job never updated',
    source: 'ota-sdk#503',
  },
  R70: {
    symptom: 'Flash erase longer than the protocol or watchdog time (116 sectors × up to 300 ms ≈ 35 s > 10 s)',
    source: 'InfiniTime PR#2466',
  },
  R71: { symptom: 'Bad RSSI + task watchdog at OTA start', source: 'esp-idf#10890' },
  R72: {
    symptom: 'Battery sag during LTE TX → brown-out loop → flash corruption → brick',
    source: 'memfault/interrupt PR#474',
  },
  R73: { symptom: '"Busy" flag survives a failed download → every later job refused', source: 'sdk-nrf PR#4317' },
  R74: {
    symptom: 'Unhandled REJECTED event leaves the state machine in "updating" (2 of 25 modules)',
    source: 'nrfconnect/Asset-Tracker-Template#483',
  },
  R75: {
    symptom: '404/403/503 → infinite download loop, server stop has no effect',
    source: 'rauc-hawkbit-updater#158',
  },
  R76: { symptom: 'Presigned URL expires while deferred/slow', source: 'nerves_hub_web#595' },
  R77: {
    symptom: 'Out of memory mid-job → IN_PROGRESS for ever, later jobs QUEUED, only power-pull helps',
    source: 'nucleus#1203, #807',
  },
};

/** `R21 (aws-iot-device-client PR#226)`; just the number where the catalogue has none. */
export function catalogName(id: string): string {
  const entry = catalog[id];
  return entry === undefined ? id : `${id} (${entry.source})`;
}
