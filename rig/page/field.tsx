/**
 * The fleet as a field of tiles on one canvas, from one device to ten thousand: a job rolls over it from left to right. A click
 * looks at a device, a drag chooses several, the arrow keys walk. Only tiles that changed are drawn again, at most once a
 * frame of the screen. To a screen reader it is a list whose present option is told.
 */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { DeviceState } from '../../broker/live/contract.ts';
import { steps as stepsOfJobs } from '../../observation/execution.ts';
import { fleet, look, run, selected, selection } from './feed.ts';
import { type Palette, drawTile, readPalette } from './tile.ts';
import { looks } from './words.ts';

interface Layout {
  readonly pitch: number;
  readonly tile: number;
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

const pitches = [32, 28, 25, 22, 20, 18, 16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4];

/** The largest tiles with which all fit; columns fill from top to bottom, so that what comes in order rolls to the right. */
function layoutOf(count: number, width: number, room: number): Layout {
  let found: Layout | undefined;
  for (const pitch of pitches) {
    const columns = Math.max(1, Math.floor(width / pitch));
    const rows = Math.max(1, Math.ceil(count / columns));
    found = {
      pitch,
      tile: pitch - (pitch >= 20 ? 5 : pitch >= 12 ? 3 : pitch >= 7 ? 2 : 1),
      columns: Math.max(1, Math.ceil(count / rows)),
      rows,
      width,
      height: rows * pitch,
    };
    if (rows * pitch <= room) break;
  }
  return found!;
}

function placeOf(index: number, { rows, pitch }: Layout): readonly [x: number, y: number] {
  return [Math.floor(index / rows) * pitch + 1, (index % rows) * pitch + 1];
}

/** What was drawn last, so that only the rest is drawn again. */
interface Drawn {
  layout: Layout | undefined;
  palette: Palette | undefined;
  states: DeviceState[];
  marked: Set<number>;
}

/** Counts up when the page becomes dark or light. */
function useTheme(): number {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const change = () => setTheme((count) => count + 1);
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  return theme;
}

/** One more, or one less. */
function choose(name: string): void {
  const more = new Set(selection.value);
  if (!more.delete(name)) more.add(name);
  selection.value = more;
}

export function Field() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn>({ layout: undefined, palette: undefined, states: [], marked: new Set() });
  const [width, setWidth] = useState(0);
  const theme = useTheme();
  const drag = useRef<{ x: number; y: number; isDrag: boolean } | undefined>(undefined);
  const [box, setBox] = useState<readonly [number, number, number, number] | undefined>();
  const { names, states, edition } = fleet.value;
  const chosen = selection.value;
  const current = selected.value;
  const room = Math.max(160, Math.min(520, innerHeight * 0.42));
  const layout = layoutOf(names.length, Math.max(60, width), room);

  useLayoutEffect(() => {
    const place = frame.current;
    if (place === null) return undefined;
    const watch = new ResizeObserver(() => setWidth(place.clientWidth));
    watch.observe(place);
    setWidth(place.clientWidth);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    const asked = requestAnimationFrame(() => {
      const place = canvas.current;
      if (place !== null && width > 0) draw(place, drawn.current, layout, names, states, chosen, current);
    });
    return () => cancelAnimationFrame(asked);
  }, [edition, width, chosen, current, layout.pitch, layout.rows]);

  useEffect(() => {
    drawn.current.palette = undefined;
    const place = canvas.current;
    if (place !== null && width > 0) draw(place, drawn.current, layout, names, states, chosen, current);
  }, [theme]);

  const at = (event: PointerEvent): number | undefined => {
    const [column, row] = position(event).map((part) => Math.floor(part / layout.pitch)) as [number, number];
    if (row < 0 || row >= layout.rows || column < 0) return undefined;
    const index = column * layout.rows + row;
    return index < names.length ? index : undefined;
  };

  const position = (event: PointerEvent): readonly [number, number] => {
    const place = canvas.current!.getBoundingClientRect();
    return [event.clientX - place.left, event.clientY - place.top];
  };

  const down = (event: PointerEvent): void => {
    const [x, y] = position(event);
    drag.current = { x, y, isDrag: false };
    if (event.pointerType === 'mouse') canvas.current!.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    const start = drag.current;
    if (start === undefined || event.pointerType !== 'mouse') return;
    const [x, y] = position(event);
    if (!start.isDrag && Math.hypot(x - start.x, y - start.y) < 6) return;
    start.isDrag = true;
    setBox([Math.min(x, start.x), Math.min(y, start.y), Math.max(x, start.x), Math.max(y, start.y)]);
  };
  const up = (event: PointerEvent): void => {
    const start = drag.current;
    drag.current = undefined;
    setBox(undefined);
    if (start?.isDrag === true) {
      const [x, y] = position(event);
      selection.value = within(layout, names, [start.x, start.y, x, y]);
      return;
    }
    const index = at(event);
    const name = index === undefined ? undefined : names[index];
    if (name === undefined) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      choose(name);
    } else look(name);
  };

  const key = (event: KeyboardEvent): void => {
    const index = current === undefined ? -1 : names.indexOf(current);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      ArrowRight: layout.rows,
      ArrowLeft: -layout.rows,
      PageDown: layout.rows * 10,
      PageUp: -layout.rows * 10,
      Home: -names.length,
      End: names.length,
    };
    if (event.key === ' ' && current !== undefined) {
      choose(current);
    } else if (event.key === 'Escape') {
      selection.value = new Set();
      return;
    } else {
      const step = steps[event.key];
      if (step === undefined || names.length === 0) return;
      const next = index === -1 ? 0 : Math.min(names.length - 1, Math.max(0, index + step));
      look(names[next]);
    }
    event.preventDefault();
  };

  const currentState = current === undefined ? undefined : states[names.indexOf(current)];
  return (
    <div
      class="field"
      ref={frame}
      role="listbox"
      tabIndex={0}
      aria-label="Devices"
      aria-activedescendant={currentState === undefined ? undefined : 'current-device'}
      aria-multiselectable="true"
      onKeyDown={key}
    >
      <canvas
        ref={canvas}
        aria-hidden="true"
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        style={{ width: `${layout.columns * layout.pitch}px`, height: `${layout.height}px` }}
      />
      {names.length > 0 && (
        <div id="current-device" role="option" class="unseen" aria-selected={currentState !== undefined}>
          {currentState === undefined ? `${names.length} devices, none is chosen` : `${current}, ${currentState}`}
        </div>
      )}
      {box !== undefined && (
        <div
          class="rubber"
          style={{
            left: `${box[0]}px`,
            top: `${box[1]}px`,
            width: `${box[2] - box[0]}px`,
            height: `${box[3] - box[1]}px`,
          }}
        />
      )}
    </div>
  );
}

function within(
  layout: Layout,
  names: readonly string[],
  [x1, y1, x2, y2]: readonly [number, number, number, number],
): ReadonlySet<string> {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  return new Set(
    names.filter((_, index) => {
      const [x, y] = placeOf(index, layout);
      return x + layout.tile >= left && x <= right && y + layout.tile >= top && y <= bottom;
    }),
  );
}

function draw(
  canvas: HTMLCanvasElement,
  drawn: Drawn,
  layout: Layout,
  names: readonly string[],
  states: readonly DeviceState[],
  chosen: ReadonlySet<string>,
  current: string | undefined,
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = devicePixelRatio || 1;
  const [width, height] = [layout.columns * layout.pitch, layout.height];
  const isAnew =
    drawn.palette === undefined ||
    drawn.layout?.pitch !== layout.pitch ||
    drawn.layout.rows !== layout.rows ||
    canvas.width !== Math.round(width * scale) ||
    canvas.height !== Math.round(height * scale);
  if (isAnew) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    drawn.palette = readPalette();
    drawn.states = [];
    drawn.marked = new Set();
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  drawn.layout = layout;
  const palette = drawn.palette!;
  const marked = new Set<number>();
  states.forEach((state, index) => {
    const name = names[index]!;
    const isMarked = name === current || chosen.has(name);
    if (isMarked) marked.add(index);
    const changed = drawn.states[index] !== state || isMarked !== drawn.marked.has(index) || (isMarked && isAnew);
    if (!changed) return;
    const [x, y] = placeOf(index, layout);
    // The ring stands outside of the tile.
    context.clearRect(x - 2.5, y - 2.5, layout.tile + 5, layout.tile + 5);
    drawTile(context, palette, state, x, y, layout.tile);
    if (!isMarked) return;
    context.strokeStyle = name === current ? palette.ink : palette.steps[4]!;
    context.lineWidth = layout.tile >= 8 ? 2 : 1;
    context.strokeRect(x - 1, y - 1, layout.tile + 2, layout.tile + 2);
  });
  drawn.states = [...states];
  drawn.marked = marked;
}

/** Some device has told at which step it is: an agent of somebody else may tell of none, and then all are at work alike. */
const tellSteps = signal(false);
const stepStates: ReadonlySet<DeviceState> = new Set(stepsOfJobs);

/** What each look means, and how many devices have it. */
export function Legend() {
  const { states } = fleet.value;
  // Simulated devices tell them from the start.
  const hasSteps = run.value.deeds.includes('power-cut') || tellSteps.value;
  if (!hasSteps && states.some((state) => stepStates.has(state))) tellSteps.value = true;
  const counts = new Map<DeviceState, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const shown = looks
    .map((one) => ({ ...one, count: one.states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0) }))
    .filter(({ isUsual, count }) => count > 0 || isUsual === true || (isUsual === 'with steps' && hasSteps));
  return (
    <ul class="legend">
      {shown.map(({ name, states: [state], count }) => (
        <li key={name}>
          <TileSample state={state!} />
          <b>{count}</b>
          <span>{name}</span>
        </li>
      ))}
    </ul>
  );
}

function TileSample({ state }: { readonly state: DeviceState }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || canvas.current === null) return;
    const scale = devicePixelRatio || 1;
    canvas.current.width = 20 * scale;
    canvas.current.height = 20 * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    drawTile(context, readPalette(), state, 1, 1, 17);
  }, [state, theme]);
  return <canvas ref={canvas} class="sample" aria-hidden="true" />;
}
