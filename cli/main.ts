#!/usr/bin/env node
/** The `jobrig` process: its arguments in, its exit code out. */
import { complain } from './exit.ts';
import { endWhenAsked } from './interruption.ts';
import { untestedNode } from './node-version.ts';
import { runCommandLine } from './program.ts';

endWhenAsked();

// The AWS SDK warns on stderr that a later version of it will want a later Node; nobody who runs this command can act on it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// Whoever read our output may have enough of it, `jobrig --help | head -1`, or be gone, as a closed terminal is.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

const untested = untestedNode(process.versions.node);
if (untested !== undefined) complain(untested);

process.exitCode = await runCommandLine(process.argv.slice(2));
