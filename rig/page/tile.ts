/**
 * One tile of the field: what each state looks like on a canvas. A shape stands beside every colour: outline, solid, ring with
 * dot, cross, check mark; tiles too small for a glyph keep their colour only.
 */
import type { DeviceState } from '../../broker/live/contract.ts';

export interface Palette {
  readonly bg: string;
  readonly line2: string;
  readonly ink: string;
  readonly red: string;
  readonly green: string;
  readonly greenWash: string;
  readonly waiting: string;
  readonly succeeded: string;
  readonly steps: readonly string[];
  readonly on: string;
}

const smallestWithSign = 8;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    bg: read('--bg'),
    line2: read('--line2'),
    ink: read('--ink'),
    red: read('--red'),
    green: read('--green'),
    greenWash: read('--green-wash'),
    waiting: read('--waiting'),
    succeeded: read('--succeeded'),
    steps: [1, 2, 3, 4, 5, 6].map((step) => read(`--s${step}`)),
    on: read('--on'),
  };
}

/** Step by lightness. */
const lightness: Readonly<Partial<Record<DeviceState, number>>> = {
  working: 2,
  receive: 0,
  download: 1,
  verify: 1,
  write: 2,
  activate: 3,
  reboot: 4,
  'self-test': 5,
  confirm: 5,
  report: 5,
};

/** Signs, in parts of the tile's side. */
const signs = {
  check: new Path2D('M.25 .52L.43 .69L.76 .33'),
  cross: new Path2D('M.3 .3L.7 .7M.7 .3L.3 .7'),
  dash: new Path2D('M.28 .5H.72'),
  dot: new Path2D('M.38 .5a.12 .12 0 1 0 .24 0a.12 .12 0 1 0 -.24 0'),
  mark: new Path2D('M.5 .22V.58M.5 .74V.78'),
} as const;

/** How a tile is drawn: filled, with a line around it, with a sign in it. */
interface Face {
  readonly fill?: string;
  readonly line?: string;
  readonly isDotted?: boolean;
  readonly sign?: readonly [keyof typeof signs, colour: string];
}

function faceOf(state: DeviceState, palette: Palette, hasSign: boolean): Face {
  const { waiting, succeeded, red, green, greenWash, on, steps } = palette;
  switch (state) {
    case 'gone':
      return {};
    case 'away':
      return { line: waiting, isDotted: hasSign };
    case 'waiting':
      return { line: waiting };
    case 'succeeded':
      return { fill: succeeded };
    case 'failed':
      return { fill: succeeded, sign: ['dash', on] };
    case 'recovered':
      return hasSign ? { fill: greenWash, line: green, sign: ['check', green] } : { fill: green };
    case 'pulled':
      return { fill: red, sign: ['cross', on] };
    case 'broken':
      return { fill: red, sign: ['mark', on] };
    case 'reboot':
      return hasSign ? { line: steps[4]!, sign: ['dot', steps[4]!] } : { fill: steps[4]! };
    default:
      return { fill: steps[lightness[state] ?? 2]! };
  }
}

/** Draws it with its upper left corner at `x`, `y`. */
export function drawTile(
  context: CanvasRenderingContext2D,
  palette: Palette,
  state: DeviceState,
  x: number,
  y: number,
  size: number,
): void {
  const hasSign = size >= smallestWithSign;
  const { fill, line, isDotted = false, sign } = faceOf(state, palette, hasSign);
  const radius = size >= 14 ? 3 : size >= 8 ? 2 : 0;
  context.clearRect(x - 0.5, y - 0.5, size + 1, size + 1);
  if (fill !== undefined) {
    context.fillStyle = fill;
    context.beginPath();
    context.roundRect(x, y, size, size, radius);
    context.fill();
  }
  if (line !== undefined) {
    const width = size >= 14 ? 1.5 : 1;
    context.strokeStyle = line;
    context.lineWidth = width;
    context.setLineDash(isDotted ? [2, 2] : []);
    context.beginPath();
    context.roundRect(x + width / 2, y + width / 2, size - width, size - width, radius);
    context.stroke();
    context.setLineDash([]);
  }
  if (hasSign && sign !== undefined) drawSign(context, sign, x, y, size);
}

function drawSign(
  context: CanvasRenderingContext2D,
  [name, colour]: NonNullable<Face['sign']>,
  x: number,
  y: number,
  size: number,
): void {
  context.save();
  context.translate(x, y);
  context.scale(size, size);
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1 / size, 0.1);
  context.lineCap = 'round';
  context.lineJoin = 'round';
  if (name === 'dot') context.fill(signs.dot);
  else context.stroke(signs[name]);
  context.restore();
}
