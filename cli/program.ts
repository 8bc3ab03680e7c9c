/**
 * The `jobrig` command as a function of its arguments: gathers the verbs, each in a file of its own, tells wrong usage in one
 * line, and turns how it ended into an exit code. Owns no process: main.ts does.
 */

import { Command } from 'commander';
import { certsCommand } from './certs.ts';
import { checkCommand } from './check.ts';
import { demoCommand } from './demo.ts';
import { complain, exitCodes, reportError } from './exit.ts';
import { fleetCommand } from './fleet.ts';
import { loadCommand } from './load.ts';
import { mergeCommand, showCommand } from './runs.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';
import { usageError } from './usage-error.ts';
import { version } from './version.ts';

/** Runs one command line, the words after `jobrig`. @returns the exit code */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = new Command('jobrig')
    .description(
      'A rig for AWS IoT job agents: a local AWS IoT Jobs, a fleet of simulated devices, a verdict on recovery.',
    )
    .version(version)
    .addHelpText('after', '\nExample:\n  $ jobrig demo\n');
  const verbs = [
    checkCommand(finish),
    demoCommand(finish),
    serveCommand(finish),
    fleetCommand(finish),
    loadCommand(finish),
    certsCommand(),
    mergeCommand(finish),
    showCommand(),
    simulateCommand(finish),
  ];
  for (const verb of verbs) program.addCommand(verb);
  for (const command of [program, ...verbs]) {
    command.exitOverride().configureOutput({ outputError: (text) => complain(oneLine(text)) });
  }
  try {
    // An empty variable in a script would otherwise check something else than its author believes.
    if (words.at(-1) === '--') throw usageError('nothing stands behind --');
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error);
  }
}

/** Commander puts its suggestion on a second line. */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
}
