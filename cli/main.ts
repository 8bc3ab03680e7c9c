#!/usr/bin/env node
/**
 * The `jobrig` command. Each verb has a file of its own; here they are gathered, wrong usage is told in one line, and errors
 * become exit codes.
 */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { certsCommand } from './certs.ts';
import { demoCommand } from './demo.ts';
import { complain, reportError } from './exit.ts';
import { fleetCommand } from './fleet.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';

// The AWS SDK warns on stderr that a later version of it will want a later Node; nobody who runs this command can act on it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const { version } = createRequire(import.meta.url)('jobrig/package.json') as { readonly version: string };

const program = new Command('jobrig')
  .description(
    'A rig for AWS IoT job agents: a local AWS IoT Jobs, a fleet of simulated devices, a verdict on recovery.',
  )
  .version(version)
  .addHelpText('after', '\nExample:\n  $ jobrig demo\n');

for (const command of [demoCommand(), serveCommand(), fleetCommand(), certsCommand(), simulateCommand()])
  program.addCommand(command);
for (const command of [program, ...program.commands]) {
  command.exitOverride().configureOutput({ outputError: (text) => complain(oneLine(text)) });
}

/** Commander puts its suggestion on a second line. */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
}

// Whoever read our output has enough of it: `jobrig --help | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
