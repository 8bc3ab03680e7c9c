/**
 * What AWS has and this rig has not, by name: which operation a request line calls, and what to use in its place. Whoever
 * points a tool at the rig reads the name of what he asked for, and not only that the path is unknown.
 * Source: the request lines of the AWS SDK (`protocol/aws/request-lines.json`); what takes the place is this rig's own.
 */
import lines from '../../protocol/aws/request-lines.json' with { type: 'json' };
import type { ServiceName } from '../../protocol/operations.ts';
import { type RouteTable, createRouteTable } from './route-table.ts';

type RequestLine = Readonly<Record<'name' | 'method' | 'uri', string>>;

const tables: Readonly<Record<ServiceName, RouteTable<RequestLine>>> = {
  iot: createRouteTable(lines.iot),
  'iot-jobs-data': createRouteTable(lines['iot-jobs-data']),
  'iot-data': createRouteTable(lines['iot-data']),
};

/** The first that matches an operation's name says what to do instead. */
const instead: readonly (readonly [operations: RegExp, advice: string])[] = [
  [
    /CACertificate|RegistrationCode|CertificatesByCA/,
    'RegisterCertificate takes the certificate of a CA with the one that it has signed',
  ],
  [
    /CertificateProvider|CertificateTransfer|OutgoingCertificates|^TransferCertificate$/,
    'CreateKeysAndCertificate and RegisterCertificateWithoutCA make and take device certificates',
  ],
  [/Polic|TestAuthorization/, 'ListAttachedPolicies and ListTargetsForPolicy show what is attached to what'],
  [
    /Authorizer|RoleAlias|DomainConfiguration|Encryption/,
    'a client shows a certificate, or is known by what it says of itself (--identity)',
  ],
  [/DynamicThingGroup/, 'CreateThingGroup makes static groups, and AddThingToThingGroup fills them'],
  [/BillingGroup/, 'billingGroupName of CreateThing is kept as a label'],
  [
    /Index|GetStatistics|GetCardinality|GetPercentiles|GetBucketsAggregation|FleetMetric/,
    'ListThings filters by attribute or by type',
  ],
  [/TopicRule/, 'a client can subscribe to the topic itself'],
  [/Command/, 'CreateJob runs what a device is to do'],
  [/Package|Sbom/, 'a job document can name its package itself'],
  [/ThingRegistrationTask/, 'RegisterThing registers one thing at a time, by the same template'],
  [/ConnectivityData|Connection$|Subscriptions$/, 'the log of `jobrig serve` tells who connects'],
  [/Log/, 'the log of `jobrig serve` tells what happens (--log-level)'],
  [
    /Audit|Violation|SecurityProfile|Mitigation|Behavior|Dimension|Metric|Detect/,
    'there is no Device Defender behind this rig',
  ],
  [/^ListPrincipalThingsV2$/, 'ListPrincipalThings lists them'],
  [/^ListThingPrincipalsV2$/, 'ListThingPrincipals lists them'],
  [/^UpdateThingType$/, 'CreateThingType makes another type'],
  [/^Publish$|^SendDirectMessage$/, 'publish by MQTT'],
  [/RetainedMessage/, 'subscribe to the topic by MQTT: what is retained comes at once'],
];

const elsewhere = 'docs/compatibility.md lists what is';

/** @returns what to say of a request line that AWS has, or `undefined` for one that AWS has not either. */
export function unservedOperation(
  services: readonly ServiceName[],
  method: string,
  segments: readonly string[],
): string | undefined {
  for (const service of services) {
    const name = tables[service].match(method, segments)?.operation.name;
    if (name !== undefined) return whyUnserved(name);
  }
  return undefined;
}

export function whyUnserved(name: string): string {
  const advice = instead.find(([operations]) => operations.test(name))?.[1] ?? elsewhere;
  return `${name} is not served by jobrig; ${advice}.`;
}
