/**
 * The one class for what the world refuses: a port that is taken, a file that cannot be read, a store that is torn. Not for
 * rejections, which are values of the protocol, and not for bugs, which are assertions. `code` is stable and scripts may
 * rely on it; `hint` says what to do next. The catalogue is also docs/errors.md; a test keeps the two equal.
 */
export const operationalErrors = {
  PORT_TAKEN: 'Another program listens on the port. Choose another one, or 0 for a free one.',
  CANNOT_LISTEN: 'The address or port cannot be listened on: it is not of this machine, or not for this user.',
  HOST_NOT_LOOPBACK: 'The service is asked to listen beyond this machine without authentication.',
  NO_ACCESS_KEY: 'Authentication is asked for, but there is no access key to know operators by.',
  ACCESS_KEYS_UNREADABLE: 'The file with the access keys cannot be read, or a line of it is not ID:SECRET.',
  ENDPOINT_UNREACHABLE: 'Nothing answers MQTT at the endpoint, or it refuses the first device.',
  CERTIFICATES_UNUSABLE:
    "A file of the rig's certificate authority is torn or foreign. Remove the folder to begin anew.",
  CERTIFICATE_UNREADABLE: 'A certificate, key or CA file that a device was given cannot be read.',
  SIGNING_KEY_UNUSABLE: 'The key that signs file URLs is torn or foreign. Remove it to begin anew.',
  CODE_SIGNING_KEY_UNUSABLE: 'The key that signs firmware is torn or foreign. Remove it to begin anew.',
  STORE_IN_USE: 'Another process works on the data directory.',
  STORE_FOREIGN: 'The database in the data directory belongs to another program, or is none.',
  STORE_VERSION: 'The database was written by another version of jobrig that keeps it in another form.',
  STORE_OF_OTHER_ACCOUNT: 'The database was made for another region or account.',
  STORE_TORN: 'The database is damaged or lacks commits that were made. Nothing is guessed; restore a copy.',
  STORE_UNUSABLE: 'The database cannot be opened or read, or what has it open has ended.',
  STORE_NOT_WRITTEN: 'The database can no longer be written, for example because the disk is full.',
  STORE_ADDRESS_INVALID:
    'The address of a database (`--store`) cannot be read. It is not shown: it may hold a password.',
  STORE_UNREACHABLE:
    'The database is not there: its host is unknown, nothing answers, or it has been away for a minute.',
  STORE_NOT_ALLOWED: 'The database does not let this user in, or not do what is needed: CREATE on the database.',
  STORE_READ_ONLY: 'The database can only be read: it is a standby. Give the primary, or all hosts.',
  STORE_MISSING: 'What is to be copied is not there: the data directory or database has nothing of a service yet.',
  STORE_NOT_EMPTY: 'What is to be copied into has something in it already. Nothing is ever overwritten.',
  STORE_DEPOSED: 'Another engine leads on the database now. What this one has answered is kept.',
  NODE_NOT_PROVED: 'A link to another machine needs the certificate of a node: `jobrig certs --node`.',
  NODE_REFUSED: 'An engine does not take this door: a certificate of another rig, another version, account or number.',
  FILES_UNUSABLE: 'The folder that stands in for S3 is not there or cannot be read.',
  HARDWARE_UNKNOWN: 'There is no hardware profile of that name.',
  HARDWARE_INVALID: 'A hardware profile is broken; the message has file, line and column.',
  AGENT_UNKNOWN: 'There is no agent of that name; docs/zoo.md lists them.',
  FAULTS_INVALID: 'A fault plan is broken or has unknown faults; the message has file, line and column.',
  REPLAY_INVALID: 'A kept run of the simulation is broken; the message has file, line and column.',
  OUTPUT_UNWRITABLE: 'A folder or file to be written cannot be.',
  BASELINE_INVALID: 'A file of failures that are known (`--baseline`) is broken.',
  RUN_UNREADABLE: 'The folder or run.json of an earlier run is not there or is broken.',
  SCENARIO_UNKNOWN: 'There is no scenario of that name; `jobrig check --list` names them.',
  SCENARIO_INVALID: 'A scenario file is broken; the message has file, line and column.',
  COMMAND_FAILED: 'A command that the user gave for a device (power, reset) did not succeed.',
  COMMAND_NOT_STARTED: 'The program to be checked is not there or may not be executed.',
  DOCUMENT_UNREADABLE: 'A job document or image for the device to be checked cannot be read.',
  DOCUMENT_INVALID: 'A job document for the device to be checked is no JSON.',
  TEMPLATE_UNREADABLE: 'A template file for the program to be checked cannot be read.',
  MACHINE_TOO_SMALL: 'A load run needs more files, ports or memory than this machine has; the message has the figures.',
  SHAPE_UNKNOWN: 'There is no shape of that name for a load run; the message names them.',
  SHAPE_INVALID: 'A shape file for a load run is broken; the message has file, line and column.',
  JOB_NOT_DELETED: 'A job was still being deleted when its time was up.',
} as const;

export type OperationalErrorCode = keyof typeof operationalErrors;

export class OperationalError extends Error {
  readonly code: OperationalErrorCode;
  readonly hint?: string;

  /** @param message says what happened, without a full stop: the hint may follow */
  constructor(
    code: OperationalErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperationalError';
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}
