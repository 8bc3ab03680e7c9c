/**
 * `jobrig certs`: device certificates from the rig's own certificate authority, the one that `jobrig serve` with the same
 * data directory uses, running or not, ready to be put on a device.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { CertificateAuthority } from '../broker/certificates.ts';
import { isThingName } from '../protocol/names.ts';
import { anyFileName, caFileName, certificateFileNames } from '../rig/files/certificate-files.ts';
import { type CommonOptions, argument, jsonOption, matching, quietOption, several } from './arguments.ts';
import { writeFileOf } from './output-folder.ts';
import { dataDirectory } from './serve.ts';

interface CertsFlags extends CommonOptions {
  readonly thing: readonly string[];
  readonly codeSigning?: boolean;
  readonly node?: string;
  readonly out: string;
  readonly dataDir: string;
}

/** A bench certificate acts for any thing. */
const anyThing = '*';
const codeSigningName = 'code-signing';
const keyFileMode = 0o600;

export function certsCommand(): Command {
  return new Command('certs')
    .description('Issue device certificates from the certificate authority that jobrig serve uses.')
    .addOption(
      new Option('--thing <name>', 'thing to issue for, or * for a bench certificate that may act for any; repeatable')
        .argParser(thingNames)
        .default([], 'none'),
    )
    .option('--code-signing', 'also the key that signs firmware for OTA updates, with its certificate for devices')
    .option(
      '--node <name>',
      'a data directory for another machine of the service: its certificate, with the keys that all machines share',
      matching(/^[a-zA-Z0-9.:_-]{1,128}$/, '1 to 128 of a-z A-Z 0-9 . : _ -'),
    )
    .option('--out <dir>', 'where the files go', 'certs')
    .option('--data-dir <dir>', 'where jobrig serve keeps its certificate authority', dataDirectory)
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig certs --thing bench-1 --thing bench-2 --out certs\n')
    .action(certs);
}

const thingNames = several(
  argument('a thing name (1 to 128 of a-z A-Z 0-9 : _ -), or *', (name) =>
    name === anyThing || isThingName(name) ? name : undefined,
  ),
);

async function certs(flags: CertsFlags, command: Command): Promise<void> {
  const { thing, codeSigning = false, node, out, dataDir, json, quiet } = flags;
  if (thing.length === 0 && !codeSigning && node === undefined)
    command.error('error: nothing to issue: give --thing <name>, --code-signing or --node <name>');
  const { openCertificateAuthority } = await import('../broker/certificates.ts');
  const authority = await openCertificateAuthority(dataDir);
  const files: { readonly thing: string; readonly cert: string; readonly key: string }[] = [];
  const caFile = join(out, caFileName);
  write(caFile, authority.ca);
  for (const name of thing) {
    const issued = await authority.issueThingCertificate(name);
    files.push({ thing: name, ...writePair(out, name === anyThing ? anyFileName : name, issued) });
  }
  const signing = codeSigning ? await writeCodeSigner(out, dataDir, authority) : undefined;
  const shared = node === undefined ? undefined : await writeNode(out, dataDir, authority, node);
  if (json) {
    const all = { ca: caFile, certificates: files, codeSigning: signing, ...(shared && { node: shared }) };
    process.stdout.write(`${JSON.stringify(all)}\n`);
  } else if (!quiet) {
    const written = [...files, ...(signing ? [signing] : [])].flatMap(({ cert, key }) => [cert, key]);
    process.stdout.write(`${[caFile, ...written, ...(shared ?? [])].join('\n')}\n`);
  }
}

/** The same for every service on the data directory, made by whoever needs it first. */
async function writeCodeSigner(out: string, dataDir: string, authority: CertificateAuthority) {
  const { openCodeSigner } = await import('../broker/code-signing.ts');
  return writePair(out, codeSigningName, await openCodeSigner(dataDir, authority));
}

/** @returns where they are */
function writePair(out: string, name: string, texts: { readonly cert: string; readonly key: string }) {
  const names = certificateFileNames(name);
  const [cert, key] = [join(out, names.cert), join(out, names.key)];
  write(cert, texts.cert);
  write(key, texts.key);
  return { cert, key };
}

/** All that another machine needs as its data directory. @returns the files beside the certificate of the authority */
async function writeNode(
  out: string,
  dataDir: string,
  authority: CertificateAuthority,
  name: string,
): Promise<readonly string[]> {
  const { openCodeSigner } = await import('../broker/code-signing.ts');
  const { openSigningKey } = await import('../broker/signing-key.ts');
  const { nodeCertificateFiles } = await import('../broker/cluster/node-certificate.ts');
  const { keyFiles } = await import('../broker/data-directory.ts');
  // Made where they are missing: every machine has to have the same ones.
  await openCodeSigner(dataDir, authority);
  await openSigningKey(dataDir);
  const issued = await authority.issueNodeCertificate(name);
  const written = [join(out, nodeCertificateFiles.cert), join(out, nodeCertificateFiles.key)];
  write(written[0]!, issued.cert);
  write(written[1]!, issued.key);
  for (const shared of keyFiles.filter((file) => file !== caFileName)) {
    const file = join(out, shared);
    write(file, await readFile(join(dataDir, shared)));
    written.push(file);
  }
  return written;
}

function write(file: string, content: string | Uint8Array): void {
  writeFileOf('--out', file, content, keyFileMode);
}
