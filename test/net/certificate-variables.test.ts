/** What policies can ask of a certificate: each variable of AWS's table, of certificates as Node shows them. */
import type { PeerCertificate } from 'node:tls';
import { expect, it } from 'vitest';
import { certificateVariables } from '../../broker/net/certificate-variables.ts';

const shown = {
  subject: { C: 'DE', O: 'Lamps', OU: ['one', 'two', 'three', 'four', 'five', 'six'], CN: 'lamp', UID: 'unknown' },
  issuer: { CN: 'a CA', ST: 'x'.repeat(1025) },
  serialNumber: '0A1B',
  subjectaltname:
    'DNS:lamp.example, DNS:other.example, IP Address:10.0.0.1, email:a@b.example, URI:https://x.example:8443/',
} as unknown as PeerCertificate;

const of = (variable: string): string | undefined => certificateVariables(shown).get(`iot:Certificate.${variable}`);

it.each([
  ['Subject.Country', 'DE'],
  ['Subject.Organization', 'Lamps'],
  ['Subject.CommonName', 'lamp'],
  ['Subject.CommonName.0', 'lamp'],
  ['Subject.CommonName.1', undefined],
  ['Subject.OrganizationalUnit', 'one'],
  ['Subject.OrganizationalUnit.4', 'five'],
  // No more than five values of one kind, and none above 1024 characters.
  ['Subject.OrganizationalUnit.5', undefined],
  ['Issuer.CommonName', 'a CA'],
  ['Issuer.State', undefined],
  ['Subject.UID', undefined],
  ['SerialNumber', '0A1B'],
  ['Subject.AlternativeName.DNSName', 'lamp.example'],
  ['Subject.AlternativeName.DNSName.1', 'other.example'],
  ['Subject.AlternativeName.IPAddress', '10.0.0.1'],
  ['Subject.AlternativeName.RFC822Name', 'a@b.example'],
  ['Subject.AlternativeName.UniformResourceIdentifier', 'https://x.example:8443/'],
  ['AvailableKeys', 'Subject.Country'],
  ['AvailableKeys.3', 'Subject.CommonName'],
])('%s is %j', (variable, value) => {
  expect(of(variable)).toBe(value);
});
