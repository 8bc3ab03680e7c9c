/** What the page of a load run has beside the look of all reports: figures in large, thresholds, places for charts. */
export const loadStyle = `
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 8px 0 24px; } .figures div { display: flex; flex-direction: column; } .figures dd { font-size: 20px; line-height: 28px; font-weight: 600; padding: 0; border: 0; } .figures dt { font-size: 12px; line-height: 16px; padding: 0; border: 0; }
.thresholds { max-width: 640px; } th.r, td.r { text-align: right; white-space: nowrap; } td.r:last-child, th.r:last-child { padding-right: 0; }
.two { margin: 8px 0 16px; } .two > div { min-width: 0; } .plot { min-height: 232px; } .plot:empty::after { content: 'The charts need scripts.'; color: var(--ink3); } .plot.none::after { content: attr(data-none); color: var(--ink3); }
.u-wrap text, .uplot { font-family: inherit; } .uplot .u-over { cursor: crosshair; } .u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--accent); }
.said { margin: 0; min-height: 16px; font-size: 12px; line-height: 16px; color: var(--ink3); } #failures td, #settings dd { overflow-wrap: anywhere; }
@media print { .plot { break-inside: avoid; } }
`;
