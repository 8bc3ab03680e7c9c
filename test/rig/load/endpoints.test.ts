/** A load at an endpoint that is not its own, by every way in, with what goes wrong there. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHardwareProfiles } from '../../../agent/hardware-profiles.ts';
import { openCertificateAuthority } from '../../../broker/certificates.ts';
import { anyFileName, caFileName, certificateFileNames } from '../../../rig/files/certificate-files.ts';
import type { LoadRun } from '../../../rig/load/contract.ts';
import { type LoadOptions, runLoad } from '../../../rig/load/run-load.ts';
import { endAfterTest } from '../../support/after-test.ts';
import { sharedFolder, testFolder } from '../../support/folders.ts';
import { liveService } from '../../support/live.ts';
import { loadOptions } from '../../support/play-load.ts';

const things = 4;
const names = Array.from({ length: things }, (_, index) => `thing-${index + 1}`);
const authorityFolder = sharedFolder('authority');
const authority = await openCertificateAuthority(authorityFolder);
const ofEach = sharedFolder('certificates');
const ofAll = sharedFolder('certificates');
for (const name of names) writePair(ofEach, name, await authority.issueThingCertificate(name));
writePair(ofAll, anyFileName, await authority.issueThingCertificate('*'));

function writePair(folder: string, name: string, { cert, key }: { readonly cert: string; readonly key: string }): void {
  const files = certificateFileNames(name);
  writeFileSync(join(folder, caFileName), authority.ca);
  writeFileSync(join(folder, files.cert), cert);
  writeFileSync(join(folder, files.key), key);
}

function load(options: Partial<LoadOptions>): Promise<LoadRun> {
  return runLoad({ ...loadOptions('rollout', { things }), processes: 2, ...options });
}

const boards = { hardwareName: 'esp32-s3', hardware: { profiles: readHardwareProfiles('esp32-s3'), document: '' } };
const document = '{"steps":[{"action":{"name":"one","type":"runHandler","input":{"handler":"one.sh"}}}]}';

describe.each(['mqtt', 'mqtts', 'ws', 'wss'] as const)('an endpoint by %s', (scheme) => {
  const isSecure = scheme === 'mqtts' || scheme === 'wss';

  it.each([
    ['things', {}, ofEach],
    ['things that share a certificate', {}, ofAll],
    ['boards', { ...boards, timeScale: 50 }, ofAll],
  ] as const)('is reached by %s, and each does its job', async (_, hardware, certs) => {
    const { service, operator } = await liveService({ authorityDir: authorityFolder });
    await operator.createThings(names, 'all');
    let isAsked = false;
    const run = await load({
      endpoint: service[`${scheme}Url`]!,
      ...(isSecure && { certs }),
      ...hardware,
      onProgress({ connected }) {
        if (connected < things || isAsked) return;
        isAsked = true;
        void operator.createJob({ jobId: 'theirs', groupName: 'all', document });
      },
    });
    expect(run).toMatchObject({ executions: { wanted: things, succeeded: things, failed: 0 }, failures: {} });
  });

  it.each(['things', 'boards'] as const)('says what its %s met there, in one line', async (which) => {
    const hardware = which === 'boards' ? boards : {};
    const certs = isSecure ? { certs: ofAll } : {};
    const silent = createServer((socket) => socket.on('error', () => {}).resetAndDestroy()).listen(0, '127.0.0.1');
    endAfterTest(() => void silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const failure = await load({ endpoint: `${scheme}://127.0.0.1:${port}`, ...certs, ...hardware }).catch(
      (e: Error) => e,
    );
    expect(failure).toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringMatching(/^No device can connect to [^\n]+$/) as string,
      hint: expect.stringContaining(isSecure ? 'certificates' : 'port.') as string,
    });
  });
});

describe.each(['mqtts', 'wss'] as const)('certificates for %s', (scheme) => {
  it('are wanted by whoever does not know the authority', async () => {
    const { service } = await liveService({ authorityDir: authorityFolder });
    await expect(load({ endpoint: service[`${scheme}Url`]! })).rejects.toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringContaining('self-signed certificate in certificate chain') as string,
    });
  });

  const [first = ''] = names;
  it.each<[string, file: string, (folder: string) => void]>([
    ['no authority', caFileName, (folder) => rmSync(join(folder, caFileName))],
    ['a torn authority', caFileName, (folder) => writeFileSync(join(folder, caFileName), '-----BEGIN')],
    ['no certificate', `${first}.cert.pem`, (folder) => rmSync(join(folder, `${first}.cert.pem`))],
    ['a torn certificate', `${first}.cert.pem`, (folder) => writeFileSync(join(folder, `${first}.cert.pem`), 'x')],
    ['no key', `${first}.key.pem`, (folder) => rmSync(join(folder, `${first}.key.pem`))],
    ['a torn key', `${first}.key.pem`, (folder) => writeFileSync(join(folder, `${first}.key.pem`), 'x')],
    [
      'the key of another',
      `${first}.key.pem`,
      (folder) => cpSync(join(folder, 'thing-2.key.pem'), join(folder, `${first}.key.pem`)),
    ],
  ])('that are not whole: %s is told by its file', async (_, file, spoil) => {
    const folder = testFolder('certificates');
    cpSync(ofEach, folder, { recursive: true });
    spoil(folder);
    const failure = await load({ endpoint: `${scheme}://127.0.0.1:1`, certs: folder }).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'CERTIFICATE_UNREADABLE' });
    expect((failure as Error).message).toContain(`--certs: ${join(folder, file)} cannot be read: `);
  });
});
