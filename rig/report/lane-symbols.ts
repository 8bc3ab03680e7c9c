/** The arrows between device, service and operator, drawn once on a page and used by every row. Colours come from the row. */
import { type Markup, html } from './markup.ts';

const laneX = { device: 8, service: 56, operator: 104 } as const;

/** Which way something went, or where it happened. */
export type Way = 'to-service' | 'to-device' | 'by-operator' | 'inside' | 'none';

export function laneSymbols(): Markup {
  return html`<svg class="symbols" width="0" height="0" aria-hidden="true">
    ${arrow('to-service', laneX.device, laneX.service)} ${arrow('to-device', laneX.service, laneX.device)}
    ${arrow('by-operator', laneX.operator, laneX.service)}
    <symbol id="inside" viewBox="0 0 112 20"><circle cx="${laneX.device}" cy="10" r="3" fill="currentColor" /></symbol>
  </svg>`;
}

function arrow(id: Way, from: number, to: number): Markup {
  const head = to > from ? -6 : 6;
  return html`<symbol id="${id}" viewBox="0 0 112 20">
    <path d="M${from} 10H${to}" stroke="currentColor" stroke-width="1.25" />
    <path d="M${to} 10l${head} -3.5v7z" fill="currentColor" />
  </symbol>`;
}

export function lane(way: Way): Markup {
  return html`<svg class="lane" aria-hidden="true">${way === 'none' ? undefined : html`<use href="#${way}" />`}</svg>`;
}
