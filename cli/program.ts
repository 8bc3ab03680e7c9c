/**
 * The `jobrig` command as a function of its arguments: gathers the verbs, each in a file of its own, tells wrong usage in one
 * line, and turns how it ended into an exit code.
 */

import { Command, InvalidArgumentError } from 'commander';
import { version } from '../package/package.ts';
import { complain, exitCodes, reportError, usageError } from './exit.ts';
import { untestedNode } from './node-version.ts';

type Finish = (exitCode: number) => void;

/** In the order of `--help`. Only the verb that is wanted is loaded: each brings libraries that the others do not need. */
const verbs: Readonly<Record<string, (finish: Finish) => Promise<Command>>> = {
  check: async (finish) => (await import('./check.ts')).checkCommand(finish),
  demo: async (finish) => (await import('./demo.ts')).demoCommand(finish),
  serve: async (finish) => (await import('./serve.ts')).serveCommand(finish),
  fleet: async (finish) => (await import('./fleet.ts')).fleetCommand(finish),
  load: async (finish) => (await import('./load.ts')).loadCommand(finish),
  certs: async () => (await import('./certs.ts')).certsCommand(),
  store: async () => (await import('./store.ts')).storeCommand(),
  merge: async (finish) => (await import('./runs.ts')).mergeCommand(finish),
  show: async () => (await import('./runs.ts')).showCommand(),
  simulate: async (finish) => (await import('./simulate.ts')).simulateCommand(finish),
};

/** Runs one command line, the words after `jobrig`. @returns the exit code */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const finish: Finish = (code) => {
    exitCode = code;
  };
  const program = new Command('jobrig')
    .description(
      'A rig for AWS IoT job agents: a local AWS IoT Jobs, a fleet of simulated devices, a verdict on recovery.',
    )
    .version(version)
    .addHelpText(
      'after',
      '\nA flag that is given twice counts as it was given last, unless it is repeatable.\n\nExample:\n  $ jobrig demo\n',
    );
  const commands = await Promise.all(wantedBy(words).map((load) => load(finish)));
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap((verb) => verb.commands)]) {
    refuseNoValues(command);
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

function wantedBy([first = '']: readonly string[]): readonly (typeof verbs)[string][] {
  if (Object.hasOwn(verbs, first)) return [verbs[first]!];
  return ['--version', '-V'].includes(first) ? [] : Object.values(verbs);
}

type Parse<Value> = (text: string, previous: Value) => Value;

function filled<Value>(flags: readonly string[], parse: Parse<Value> = (text) => text as Value): Parse<Value> {
  return (text, previous) => {
    if (text === '') throw new InvalidArgumentError('It is empty.');
    if (flags.includes(text)) throw new InvalidArgumentError('It is a flag, and the value is missing.');
    return parse(text, previous);
  };
}

/**
 * An empty variable of a script would name this very folder, or nothing; a value that was forgotten would be the next flag. The words of
 * a program to be checked are its own.
 */
function refuseNoValues({ options, registeredArguments }: Command): void {
  const flags = options.flatMap(({ long }) => (typeof long === 'string' ? [long] : []));
  for (const option of options) if (option.required) option.argParser(filled(flags, option.parseArg));
  for (const word of registeredArguments) {
    const each: Parse<unknown> | undefined = word.variadic
      ? (text, before) => [...((before as readonly string[] | undefined) ?? []), text]
      : word.parseArg;
    if (word.required) word.argParser(filled(flags, each));
  }
}

/** As the process does it. @returns the exit code */
export function run(words: readonly string[]): Promise<number> {
  const untested = untestedNode(process.versions.node);
  if (untested !== undefined) complain(untested);
  return runCommandLine(words);
}

/** Commander puts its suggestion on a second line. */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
}
