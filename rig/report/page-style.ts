/** The report page's style sheet: light and dark, print, narrow screens. Colours are named once, by what they mean. */
export const pageStyle = `
:root { color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2129; --soft: #5d6675; --rule: #e3e0da; --wash: #f2f0ec;
  --good: #1a7f4b; --good-wash: #e3f3ea; --bad: #c0322b; --bad-wash: #fbe7e5; --calm: #3566b8; --calm-wash: #e6edf9; --warn: #93650b; --warn-wash: #faf0d9; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171c; --card: #1b1f26; --ink: #e6e8ec; --soft: #9aa3b2; --rule: #2c323c; --wash: #232932;
  --good: #4cc38a; --good-wash: #16382a; --bad: #ff7a70; --bad-wash: #46201d; --calm: #86aef0; --calm-wash: #1c2c49; --warn: #e0b04a; --warn-wash: #3a2f15; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main, header.top, footer { max-width: 1040px; margin: 0 auto; padding: 0 20px; }
header.top { padding-top: 36px; }
h1 { font-size: 26px; line-height: 1.25; margin: 6px 0 8px; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 18px; margin: 0 0 4px; } h3 { font-size: 15px; margin: 18px 0 6px; }
p { margin: 0 0 10px; } .aside, .lead { color: var(--soft); } .lead { font-size: 16px; max-width: 72ch; }
.brand { font-weight: 650; color: var(--soft); letter-spacing: 0.02em; }
.badge { display: inline-block; padding: 3px 12px; border-radius: 99px; font-weight: 650; font-size: 13px; vertical-align: 5px; margin-left: 8px; }
.badge.pass { background: var(--good-wash); color: var(--good); } .badge.fail { background: var(--bad-wash); color: var(--bad); } .badge.inconclusive { background: var(--warn-wash); color: var(--warn); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(142px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 20px; white-space: nowrap; line-height: 1.2; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 13px; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 20px 22px; margin: 16px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; } th, td { padding: 6px 10px; border-bottom: 1px solid var(--rule); } tr:last-child td { border-bottom: 0; }
table.narrow { width: auto; min-width: 320px; }
th.n, td.n { text-align: right; white-space: nowrap; } td.bad { color: var(--bad); font-weight: 600; }
.chart { width: 100%; height: auto; margin-top: 12px; } .chart text { font-size: 12px; fill: var(--soft); }
.grid { stroke: var(--rule); } .median { stroke: var(--ink); stroke-width: 2; opacity: 0.55; }
.mark { fill-opacity: 0.75; stroke: var(--card); stroke-width: 0.75; } .mark.execution { fill: var(--calm); } .mark.job { fill: var(--warn); }
.key { display: flex; flex-wrap: wrap; gap: 6px 18px; color: var(--soft); font-size: 13px; margin: 8px 0 0; padding: 0; list-style: none; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; } .key i.round { border-radius: 50%; }
.fleet { display: grid; grid-template-columns: repeat(auto-fill, minmax(24px, 1fr)); gap: 5px; margin-top: 14px; }
.fleet a, .fleet span { aspect-ratio: 1; border-radius: 5px; display: block; } .fleet a:hover { outline: 2px solid var(--ink); outline-offset: 1px; }
.recovered { background: var(--good); } .untouched { background: var(--calm); opacity: 0.55; } .invalid { background: var(--bad); } .inconclusive-device { background: var(--warn); }
.execution-key { background: var(--calm); } .job-key { background: var(--warn); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--calm); outline-offset: 2px; border-radius: 4px; }
details.device { border-top: 1px solid var(--rule); } details.device:first-of-type { border-top: 0; }
summary { cursor: pointer; padding: 9px 2px; display: flex; gap: 12px; align-items: baseline; flex-wrap: wrap; }
summary::before { content: '›'; color: var(--soft); width: 10px; transition: transform 0.12s; } details[open] > summary::before { transform: rotate(90deg); }
summary::-webkit-details-marker { display: none; } summary b { min-width: 110px; overflow-wrap: anywhere; } summary .what { color: var(--soft); flex: 1 1 280px; } summary .ms { font-variant-numeric: tabular-nums; }
summary .state { font-size: 13px; font-weight: 600; } .state.good { color: var(--good); } .state.broken { color: var(--bad); } .state.unsure { color: var(--warn); }
.device > div { padding: 4px 0 18px; }
.claims { display: flex; flex-wrap: wrap; gap: 6px; margin: 4px 0 12px; padding: 0; list-style: none; font-size: 13px; }
.claims li { padding: 2px 9px; border-radius: 6px; background: var(--wash); color: var(--soft); } .claims li.pass { background: var(--good-wash); color: var(--good); } .claims li.fail { background: var(--bad-wash); color: var(--bad); }
.broken-claim { border-left: 3px solid var(--bad); padding: 2px 0 2px 12px; margin: 0 0 12px; } .broken-claim ol { margin: 6px 0; padding-left: 20px; font-size: 13px; }
code { font: 12.5px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.sequence { width: 100%; min-width: 760px; height: auto; background: var(--wash); border-radius: 8px; font-size: 12px; }
.sequence text { fill: var(--ink); } .sequence .lane { font-weight: 650; font-size: 13px; } .sequence .time { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.sequence .lifeline { stroke: var(--rule); stroke-width: 2; } .sequence .arrow { stroke: var(--soft); } .sequence .tip, .sequence .dot { fill: var(--soft); } .sequence .label { paint-order: stroke; stroke: var(--wash); stroke-width: 4px; stroke-linejoin: round; }
.sequence .step { fill: var(--soft); font-size: 11px; } .band.busy { fill: var(--calm); } .band.idle { fill: var(--rule); }
.sequence .bad .arrow { stroke: var(--bad); } .sequence .bad .tip, .sequence .bad .label, .sequence .pull .label, .sequence .pull .dot { fill: var(--bad); } .sequence .pull .label, .sequence .recovery .label { font-weight: 650; }
.sequence .good .arrow { stroke: var(--good); } .sequence .good .tip, .sequence .recovery .label, .sequence .recovery .dot { fill: var(--good); }
.sequence .fault .label, .sequence .fault .dot { fill: var(--warn); } .sequence .fault .label { font-weight: 650; }
.sequence .event { stroke-width: 1.5; stroke-dasharray: 5 3; } .pull .event { stroke: var(--bad); } .recovery .event { stroke: var(--good); }
.sequence .pull .arrow { stroke: var(--bad); stroke-width: 2; } .sequence .pull .tip { fill: var(--bad); }
footer { color: var(--soft); font-size: 13px; padding: 14px 20px 40px; }
@media (max-width: 560px) { section { padding: 16px 14px; } h1 { font-size: 21px; } }
@media print { body { background: none; } section { break-inside: avoid; } }
`;
