/**
 * The one rejection table: every way in which the Jobs protocol says no, with its code on MQTT and its exception and HTTP
 * status on both REST planes. Doors translate through this table and know no codes of their own.
 * Source: reference mqtt-api.md §6, http-api.md §2, ambiguities.md A2 and A7.
 */

export interface HttpError {
  readonly exception: string;
  readonly status: number;
}

export interface RejectionForms {
  /** `code` in an MQTT `rejected` payload. */
  readonly mqtt: string;
  /** Control plane (`iot`). */
  readonly control: HttpError;
  /** Jobs data plane (`iot-jobs-data`). */
  readonly data: HttpError;
}

const invalidRequest: HttpError = { exception: 'InvalidRequestException', status: 400 };
const notFound: HttpError = { exception: 'ResourceNotFoundException', status: 404 };
const invalidState: HttpError = { exception: 'InvalidStateTransitionException', status: 409 };
const internal: HttpError = { exception: 'InternalFailureException', status: 500 };

/** What neither devices nor the data plane can meet. */
function onControlPlane(exception: string, status: number): RejectionForms & { readonly mqtt: 'InvalidRequest' } {
  return { mqtt: 'InvalidRequest', control: { exception, status }, data: invalidRequest };
}

export const rejections = {
  InvalidTopic: { mqtt: 'InvalidTopic', control: invalidRequest, data: invalidRequest },
  InvalidJson: { mqtt: 'InvalidJson', control: invalidRequest, data: invalidRequest },
  InvalidRequest: { mqtt: 'InvalidRequest', control: invalidRequest, data: invalidRequest },
  InvalidStateTransition: { mqtt: 'InvalidStateTransition', control: invalidState, data: invalidState },
  ResourceNotFound: { mqtt: 'ResourceNotFound', control: notFound, data: notFound },
  /** A stale `expectedVersion`. The data plane has no error of its own for it (A7). */
  VersionMismatch: {
    mqtt: 'VersionMismatch',
    control: { exception: 'VersionConflictException', status: 409 },
    data: invalidState,
  },
  TerminalStateReached: {
    mqtt: 'TerminalStateReached',
    control: invalidState,
    data: { exception: 'TerminalStateException', status: 410 },
  },
  RequestThrottled: {
    mqtt: 'RequestThrottled',
    control: { exception: 'ThrottlingException', status: 400 },
    data: { exception: 'ThrottlingException', status: 429 },
  },
  InternalError: {
    mqtt: 'InternalError',
    control: internal,
    data: { exception: 'ServiceUnavailableException', status: 503 },
  },
  ResourceAlreadyExists: {
    mqtt: 'InvalidRequest',
    control: { exception: 'ResourceAlreadyExistsException', status: 409 },
    data: invalidRequest,
  },
  Conflict: {
    mqtt: 'InvalidRequest',
    control: { exception: 'ConflictException', status: 409 },
    data: { exception: 'ConflictException', status: 409 },
  },
  /** 410, not 429: AWS's own choice. */
  LimitExceeded: {
    mqtt: 'InvalidRequest',
    control: { exception: 'LimitExceededException', status: 410 },
    data: invalidRequest,
  },
  /** Of certificates, policies and what is attached to what; only operators meet these. */
  CertificateState: onControlPlane('CertificateStateException', 406),
  CertificateValidation: onControlPlane('CertificateValidationException', 400),
  DeleteConflict: onControlPlane('DeleteConflictException', 409),
  MalformedPolicy: onControlPlane('MalformedPolicyException', 400),
  ResourceRegistrationFailure: onControlPlane('ResourceRegistrationFailureException', 400),
  VersionsLimitExceeded: onControlPlane('VersionsLimitExceededException', 409),
  /** Of a shadow document; Jobs has its own words for what is too large. */
  RequestEntityTooLarge: { mqtt: 'InvalidRequest', control: invalidRequest, data: invalidRequest },
  UnsupportedDocumentEncoding: { mqtt: 'InvalidRequest', control: invalidRequest, data: invalidRequest },
} as const satisfies Record<string, RejectionForms>;

export type RejectionCode = keyof typeof rejections;

/**
 * How the device shadow says no: the exception over HTTP, whose status is the `code` over MQTT. What is not here cannot be
 * met there, and is an internal failure. Source: reference shadow-and-provisioning.md §1.
 */
const shadowForms: { readonly [Code in RejectionCode]?: HttpError } = {
  InvalidJson: invalidRequest,
  InvalidRequest: invalidRequest,
  ResourceNotFound: notFound,
  VersionMismatch: { exception: 'ConflictException', status: 409 },
  RequestEntityTooLarge: { exception: 'RequestEntityTooLargeException', status: 413 },
  UnsupportedDocumentEncoding: { exception: 'UnsupportedDocumentEncodingException', status: 415 },
  RequestThrottled: { exception: 'ThrottlingException', status: 429 },
};

export function shadowError(code: RejectionCode): HttpError {
  return shadowForms[code] ?? internal;
}
