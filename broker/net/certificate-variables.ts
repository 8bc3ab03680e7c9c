/**
 * What policies can ask of the certificate that a client shows: `iot:Certificate.Subject.CommonName` and its like. The first
 * value of several stands for all, each can be asked for by its number, and `AvailableKeys` lists what there is.
 * Source: reference shadow-and-provisioning.md §3 (evaluation).
 */
import type { PeerCertificate } from 'node:tls';

/** OpenSSL's names of the parts of a distinguished name, and AWS's. */
const parts: Readonly<Record<string, string>> = {
  C: 'Country',
  O: 'Organization',
  OU: 'OrganizationalUnit',
  dnQualifier: 'DistinguishedNameQualifier',
  ST: 'State',
  CN: 'CommonName',
  serialNumber: 'SerialNumber',
  title: 'Title',
  SN: 'Surname',
  GN: 'GivenName',
  initials: 'Initials',
  pseudonym: 'Pseudonym',
  generationQualifier: 'GenerationQualifier',
};

/** As Node writes alternative names, and AWS's names for them. */
const alternatives: Readonly<Record<string, string>> = {
  DNS: 'DNSName',
  email: 'RFC822Name',
  URI: 'UniformResourceIdentifier',
  'IP Address': 'IPAddress',
};

const maxValues = 5;
const maxLength = 1024;

export function certificateVariables({
  subject,
  issuer,
  serialNumber,
  subjectaltname = '',
}: PeerCertificate): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const put = (prefix: string, name: string, given: string | readonly string[]): void => {
    const list = [given].flat().slice(0, maxValues);
    list.forEach((value, index) => {
      if (value.length > maxLength) return;
      if (index === 0) values.set(`${prefix}.${name}`, value);
      values.set(`${prefix}.${name}.${index}`, value);
    });
  };
  for (const [kind, name] of [['Subject', subject] as const, ['Issuer', issuer] as const]) {
    for (const [part, given] of Object.entries(name)) {
      const known = parts[part];
      if (known !== undefined && given !== undefined) put(`iot:Certificate.${kind}`, known, given);
    }
  }
  const named = new Map<string, string[]>();
  for (const one of subjectaltname.split(', ')) {
    const [kind = '', ...rest] = one.split(':');
    const known = alternatives[kind];
    if (known !== undefined) named.set(known, [...(named.get(known) ?? []), rest.join(':')]);
  }
  for (const [name, given] of named) put('iot:Certificate.Subject.AlternativeName', name, given);
  if (serialNumber) values.set('iot:Certificate.SerialNumber', serialNumber);
  const keys = [...values.keys()].filter((key) => !/\.\d$/.test(key)).map((key) => key.replace('iot:Certificate.', ''));
  put('iot:Certificate', 'AvailableKeys', keys);
  return values;
}
