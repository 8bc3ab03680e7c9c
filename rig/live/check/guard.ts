/**
 * What a rig cannot take back that is killed itself: programs that it has started, and directories that it has made. A small shell
 * is told of them over a pipe. The pipe closes with the rig, however it ends; the shell then ends and removes what is still there,
 * and leaves. It stands beside the programs, not before them: their signals, exit codes and output are as without it.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** A process group by its id, every process that carries a mark (process-marks.ts), or a directory. */
export type Held = 'group' | 'mark' | 'directory';

/** Lines are `+group 12` and `-group 12`. What has left its group is found where the system shows environments (Linux). */
const script = `
trap '' HUP INT TERM
set -f
held=
while IFS= read -r line; do
  what=\${line#?}
  IFS='
'
  kept=
  for one in $held; do [ "$one" = "$what" ] || kept="$kept$one
"; done
  held=$kept
  case $line in +*) held="$held$what
" ;; esac
done
for one in $held; do
  case $one in group\\ *) kill -KILL "-\${one#group }" ;; esac
done
for one in $held; do
  case $one in mark\\ *)
    for round in 1 2 3; do
      set +f
      for file in $(grep -l -e "\${one#mark }" /proc/[0-9]*/environ); do
        pid=\${file#/proc/}
        kill -KILL "\${pid%/environ}"
      done
    done ;;
  esac
done
for one in $held; do
  case $one in directory\\ *)
    for round in 1 2 3 4 5 6 7 8 9; do
      rm -rf -- "\${one#directory }" && break
      # Somebody who is about to be gone has written to it meanwhile.
      sleep 1
    done ;;
  esac
done
`;

let guard: ChildProcess | undefined;
const held = new Set<string>();

/** From now on this ends with the rig at the latest. @returns how to say that it has ended by itself */
export function endsWithTheRig(kind: Held, value: string | number): () => void {
  const line = `${kind} ${value}`;
  if (line.includes('\n')) return () => {};
  held.add(line);
  if (guard === undefined) openGuard();
  else tell(`+${line}\n`);
  return () => {
    if (held.delete(line)) tell(`-${line}\n`);
  };
}

/** Told of everything that there is, since another one may have been ended before. */
function openGuard(): void {
  const child = spawn('/bin/sh', ['-c', script], {
    // A session of its own: Ctrl-C is for the rig.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const gone = (): void => {
    if (guard === child) guard = undefined;
  };
  child.on('error', gone);
  child.on('exit', gone);
  child.stdin.on('error', gone);
  // Nobody waits for it.
  child.unref();
  (child.stdin as typeof child.stdin & { unref?: () => void }).unref?.();
  guard = child;
  for (const line of held) tell(`+${line}\n`);
}

function tell(text: string): void {
  guard?.stdin?.write(text);
}
