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

const smallestWithGlyph = 8;

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

/** Draws it with its upper left corner at `x`, `y`. */
export function drawTile(
  context: CanvasRenderingContext2D,
  palette: Palette,
  state: DeviceState,
  x: number,
  y: number,
  size: number,
): void {
  context.clearRect(x - 0.5, y - 0.5, size + 1, size + 1);
  const hasGlyph = size >= smallestWithGlyph;
  const radius = size >= 14 ? 3 : size >= 8 ? 2 : 0;
  switch (state) {
    case 'gone':
      return;
    case 'away':
      return outline(context, palette.waiting, x, y, size, radius, true);
    case 'waiting':
      return outline(context, palette.waiting, x, y, size, radius, false);
    case 'succeeded':
      return solid(context, palette.succeeded, x, y, size, radius);
    case 'failed':
      solid(context, palette.succeeded, x, y, size, radius);
      if (hasGlyph) glyph(context, palette.on, x, y, size, dash);
      return;
    case 'recovered':
      solid(context, hasGlyph ? palette.greenWash : palette.green, x, y, size, radius);
      if (!hasGlyph) return;
      outline(context, palette.green, x, y, size, radius, false);
      return glyph(context, palette.green, x, y, size, check);
    case 'pulled':
      solid(context, palette.red, x, y, size, radius);
      if (hasGlyph) glyph(context, palette.on, x, y, size, cross);
      return;
    case 'broken':
      solid(context, palette.red, x, y, size, radius);
      if (hasGlyph) glyph(context, palette.on, x, y, size, mark);
      return;
    case 'reboot': {
      const colour = palette.steps[4]!;
      if (!hasGlyph) return solid(context, colour, x, y, size, radius);
      outline(context, colour, x, y, size, radius, false);
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x + size / 2, y + size / 2, Math.max(1.2, size * 0.12), 0, 7);
      context.fill();
      return;
    }
    default:
      solid(context, palette.steps[lightness[state] ?? 2]!, x, y, size, radius);
  }
}

function solid(
  context: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  size: number,
  radius: number,
): void {
  context.fillStyle = colour;
  if (radius === 0) {
    context.fillRect(x, y, size, size);
    return;
  }
  context.beginPath();
  context.roundRect(x, y, size, size, radius);
  context.fill();
}

function outline(
  context: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  size: number,
  radius: number,
  isDotted: boolean,
): void {
  const width = size >= 14 ? 1.5 : 1;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(isDotted && size >= smallestWithGlyph ? [2, 2] : []);
  context.beginPath();
  const inset = width / 2;
  if (radius === 0) context.rect(x + inset, y + inset, size - width, size - width);
  else context.roundRect(x + inset, y + inset, size - width, size - width, radius);
  context.stroke();
  context.setLineDash([]);
}

type Stroke = readonly (readonly [number, number])[];
/** In parts of the tile's side. */
const cross: readonly Stroke[] = [
  [
    [0.3, 0.3],
    [0.7, 0.7],
  ],
  [
    [0.7, 0.3],
    [0.3, 0.7],
  ],
];
const check: readonly Stroke[] = [
  [
    [0.25, 0.52],
    [0.43, 0.69],
    [0.76, 0.33],
  ],
];
const dash: readonly Stroke[] = [
  [
    [0.28, 0.5],
    [0.72, 0.5],
  ],
];
const mark: readonly Stroke[] = [
  [
    [0.5, 0.22],
    [0.5, 0.58],
  ],
  [
    [0.5, 0.74],
    [0.5, 0.78],
  ],
];

function glyph(
  context: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  size: number,
  strokes: readonly Stroke[],
): void {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, size * 0.1);
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  for (const stroke of strokes) {
    stroke.forEach(([across, down], index) => {
      if (index === 0) context.moveTo(x + across * size, y + down * size);
      else context.lineTo(x + across * size, y + down * size);
    });
  }
  context.stroke();
}
