/**
 * What is otherwise here than on AWS and why it is left so, a row for each thing that a stranger may notice: at the MQTT broker,
 * and in shadows, streams, OTA updates, registry, provisioning and the REST API.
 */
export interface Difference {
  readonly what: string;
  readonly aws: string;
  readonly here: string;
  readonly why: string;
}

export const brokerDifferences: readonly Difference[] = [
  {
    what: 'packets before CONNACK',
    aws: 'not allowed',
    here: 'up to 100 wait for it',
    why: 'clients in the field send their subscriptions at once, and AWS has not been seen to refuse them',
  },
  {
    what: '100 publications a second of a connection, one CONNECT a second of a client id',
    aws: 'the rest is dropped or refused',
    here: 'with `--strict`',
    why: 'a load test is to find the device’s limit, not the account’s',
  },
  {
    what: '512 KB a second, 10 stored messages a second when a session is resumed (20 for a group), 24 hours of a WebSocket',
    aws: 'paced or closed',
    here: 'not limited',
    why: 'a bench should not wait',
  },
  {
    what: 'a persistent session of MQTT 3.1.1 whose client is away',
    aws: 'ends after an hour, or as long as the account has it raised',
    here: 'ends after 7 days; with `--strict` after an hour',
    why: 'a bench sleeps over the weekend',
  },
  {
    what: 'messages that wait for a session',
    aws: 'limited by rate for the account',
    here: '1,000 messages or 8 MB a session, the first are kept; what is dropped is told in the log',
    why: 'one machine’s memory; AWS names no number',
  },
  {
    what: 'the member of a group that gets a message',
    aws: 'at random',
    here: 'in turn',
    why: 'as even, and the same in every run of a test',
  },
  {
    what: 'who may do what',
    aws: 'policies',
    here: 'the thing that a client is ([identity](identity.md)); policies with `--require-auth`',
    why: 'nothing to set up',
  },
  {
    what: 'more than 100 messages of QoS 1 from a client that have not been acknowledged',
    aws: 'MQTT 5: DISCONNECT 0x93',
    here: 'taken',
    why: 'they are acknowledged at once or at the end of a commit, so that no client can count on either',
  },
  {
    what: 'topic aliases from the service to the client',
    aws: 'not documented',
    here: 'none',
    why: 'a client has to understand messages without them anyway',
  },
  { what: 'MQTT 3.1', aws: 'not documented', here: 'spoken as 3.1.1', why: 'AWS’s SDK v1 can ask for it' },
  {
    what: 'GetRetainedMessage, ListRetainedMessages, DeleteConnection, HTTPS publish',
    aws: 'served',
    here: 'not served',
    why: 'no client of Jobs uses them',
  },
  {
    what: 'packets of a connection',
    aws: 'at most 100 publications a second in each direction',
    here: 'read at 1,000 a second after a burst of 1,000 (`--packet-rate`); the others wait',
    why: 'enough for any device and any bench, and no client keeps the service from the others',
  },
  {
    what: 'ports',
    aws: 'TLS only, with a certificate, a signature or a custom authorizer',
    here: 'MQTT and WebSocket without TLS too, on loopback; no custom authorizers; `--require-auth` closes the plain port',
    why: 'a first try should need no certificate',
  },
  {
    what: 'retained messages',
    aws: '500,000 an account',
    here: '10,000, and 256 MB with all that waits',
    why: 'one machine’s memory',
  },
  {
    what: 'a change of a policy or of a certificate, for who is connected',
    aws: 'after minutes',
    here: 'at once',
    why: 'a bench should not wait',
  },
  {
    what: 'lifecycle events of clients',
    aws: 'may come twice or in another order; `principalIdentifier` of a client without a certificate is an IAM identity',
    here: 'once, in order; `principalIdentifier` is the client id then',
    why: 'there are no IAM identities; who takes less order takes this one',
  },
];

export const serviceDifferences: readonly Difference[] = [
  {
    what: 'certificates',
    aws: 'signed by Amazon’s authority; registered CAs, just-in-time registration and provisioning',
    here: 'signed by the rig’s own authority (`ca.pem`); a CA comes with the certificate that it has signed; none registers itself',
    why: 'a device needs a certificate that works; how a fleet gets its CA is no business of a job',
  },
  {
    what: 'detaching, deprecating a thing type, deactivating',
    aws: 'takes effect after up to five minutes',
    here: 'at once',
    why: 'a bench should not wait (S8)',
  },
  {
    what: 'roles (`roleArn`, `provisioningRoleArn`)',
    aws: 'have to exist and to be trusted',
    here: 'any will do, and is shown again',
    why: 'there is no IAM',
  },
  {
    what: 'a pre-provisioning hook',
    aws: 'a Lambda function that may refuse a device or set parameters',
    here: 'kept and shown, never run; the log says so when it is given',
    why: 'there is no AWS Lambda; put what the hook would add into the parameters',
  },
  {
    what: 'registration tasks (StartThingRegistrationTask and its sisters), templates of type JITP',
    aws: 'register many things from a file in S3; a device by its first connection',
    here: 'not served; kept',
    why: 'RegisterThing with the same template does one thing at a time',
  },
  {
    what: 'a parameter of a template without value and default',
    aws: 'documented: it is not replaced',
    here: 'refused, with its name',
    why: 'nothing good can come of a thing called `{"Ref": …}`',
  },
  {
    what: 'shadow requests in flight',
    aws: 'more than ten are refused with 429; an answer takes AWS tens of milliseconds',
    here: 'the same, but an answer takes a millisecond: what comes at once, or while a commit is waited for, is in flight together',
    why: 'no waiting; a burst is refused as there (S10)',
  },
  {
    what: 'rates of the REST API, of Jobs and of shadows for an account',
    aws: 'ThrottlingException, RequestThrottled',
    here: 'with `--strict`; by default requests of one connection above 1,000 a second wait',
    why: 'a bench is to find the device’s limit, not the account’s',
  },
  {
    what: 'the file of a stream',
    aws: 'at most 24 MB',
    here: 'of any size, read block by block',
    why: 'costs nothing; an OTA update refuses files above 16 MB, as there',
  },
  {
    what: 'a new OTA update',
    aws: 'CREATE_PENDING, CREATE_IN_PROGRESS, then its job some seconds later',
    here: 'answered as CREATE_PENDING, and complete or failed at once',
    why: 'a bench should not wait (S8)',
  },
  {
    what: 'code signing',
    aws: 'AWS Signer by a signing profile; writes signed objects to the bucket',
    here: 'ECDSA by the rig’s own key (`jobrig certs --code-signing`); the profile is not looked for, nothing is written to the bucket',
    why: 'the device checks the signature, and that is what is tested',
  },
  {
    what: 'reports of Device Defender, Basic Ingest, Greengrass health, device location',
    aws: 'go to those services',
    here: 'reports are answered as accepted; the others are accepted, counted and dropped, which the log says once',
    why: 'no agent is to be cut off for what it says beside Jobs',
  },
  {
    what: 'ConflictingResourceUpdateException, ServiceUnavailableException',
    aws: 'of two changes at the same time; of a fault of the service',
    here: 'never of themselves; `--faults` makes the service refuse, err and fall silent',
    why: 'one change follows the other here',
  },
];
