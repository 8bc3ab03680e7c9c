/** What the MQTT broker here does otherwise than AWS's and why it is left so; a row for each thing that a stranger may notice. */
export interface BrokerDifference {
  readonly what: string;
  readonly aws: string;
  readonly here: string;
  readonly why: string;
}

export const brokerDifferences: readonly BrokerDifference[] = [
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
];
