/**
 * The charts of a load run's page: style and script, put into the page as they are. Lines are named at their ends; colours are
 * those of the look and follow light and dark; each chart is as wide as its place.
 */
export const loadChartStyle = `
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 8px 0 24px; } .figures div { display: flex; flex-direction: column; } .figures dd { font-size: 20px; line-height: 28px; font-weight: 600; padding: 0; border: 0; } .figures dt { font-size: 12px; line-height: 16px; padding: 0; border: 0; }
.thresholds { max-width: 640px; } th.r, td.r { text-align: right; white-space: nowrap; } td.r:last-child, th.r:last-child { padding-right: 0; }
.two { margin: 8px 0 16px; } .two > div { min-width: 0; } .plot { min-height: 232px; } .plot:empty::after { content: 'The charts need scripts.'; color: var(--ink3); } .plot.none::after { content: attr(data-none); color: var(--ink3); }
.u-wrap text, .uplot { font-family: inherit; } .uplot .u-over { cursor: crosshair; } .u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--accent); }
.said { margin: 0; min-height: 16px; font-size: 12px; line-height: 16px; color: var(--ink3); } #failures td, #settings dd { overflow-wrap: anywhere; }
@media print { .plot { break-inside: avoid; } }
`;

export const loadChartScript = `
const run = JSON.parse(document.getElementById('run').textContent);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const times = run.timeline.map((sample) => sample.atMs / 1000);
const rate = (sample, count) => (count * 1000) / sample.spanMs;
const series = (pick) => run.timeline.map((sample) => { const value = pick(sample); return value === undefined || !(value >= 0) ? null : value; });
const spread = ['--s5', '--s3', '--ink2', '--succeeded', '--s6', '--s2', '--ink3', '--accent'];
const short = (value) => value >= 1e6 ? value / 1e6 + 'M' : value >= 1000 ? value / 1000 + 'k' : value >= 1 ? String(+value.toFixed(1)) : String(+value.toPrecision(1));
const plots = {
  latency: { log: true, x: times, unit: 'ms', lines: [['p50', '--s3', series((s) => s.latencyMs?.p50)], ['p99', '--s5', series((s) => s.latencyMs?.p99)], ['max', '--succeeded', series((s) => s.latencyMs?.max)]] },
  percentiles: { log: true, x: run.percentiles.map((p) => Math.log10(100 / (100 - p))), unit: 'ms', lines: run.curves.map((curve, index) => [curve.name, spread[index % spread.length], run.percentiles.map((_, at) => curve.ms[at] ?? null)]), isPercentile: true },
  throughput: { x: times, unit: '/s', lines: [['exchanges', '--s5', series((s) => rate(s, s.exchanges))], ['executions', '--s3', series((s) => rate(s, s.succeeded))], ...(run.timeline.some((s) => s.failures > 0) ? [['failures', '--red', series((s) => rate(s, s.failures))]] : [])] },
  things: { x: times, unit: '', lines: [['connected', '--succeeded', series((s) => s.connected)], ['in progress', '--s5', series((s) => s.inProgress)]] },
  memory: { x: times, unit: 'MB', lines: run.names.map((name, index) => [name, spread[index % spread.length], series((s) => (s.processes.find((p) => p.name === name)?.bytes ?? -1) / 1048576)]) },
  cpu: { x: times, unit: '%', lines: run.names.map((name, index) => [name, spread[index % spread.length], series((s) => (s.processes.find((p) => p.name === name)?.cpu ?? -1) * 100)]) },
};
const drawn = [];
function draw(place) {
  const plot = plots[place.dataset.plot], height = 232, width = Math.max(240, place.clientWidth);
  const lines = plot.lines.filter(([, , values]) => values.some((value) => value !== null));
  place.replaceChildren();
  if (lines.length === 0) { place.classList.add('none'); place.dataset.none = 'Nothing was measured.'; return; }
  const axis = { stroke: css('--ink3'), font: '12px system-ui, sans-serif', grid: { stroke: css('--line'), width: 1 }, ticks: { show: false } };
  const said = document.createElement('p'); said.className = 'said'; const decade = (value) => value !== null && (!plot.log || Number.isInteger(Math.log10(value)));
  const percent = (at) => +run.percentiles[at].toFixed(3) + ' %';
  const options = {
    width, height, legend: { show: false }, padding: [12, Math.min(width / 3, 16 + 6.6 * Math.max(...lines.map(([name]) => name.length))), 0, 0], cursor: { points: { size: 6 }, drag: { x: false } },
    scales: { x: { time: false }, y: plot.log ? { distr: 3, range: (u, low, high) => [10 ** Math.floor(Math.log10(Math.max(low, 0.01))), 10 ** Math.ceil(Math.log10(Math.max(high, 0.1)))] } : { range: (u, low, high) => [0, (high || 1) * 1.08] } },
    axes: [
      { ...axis, size: 28, ...(plot.isPercentile && { splits: () => [Math.log10(2), 1, 2, 3, 4, 5] }), values: (u, ticks) => plot.isPercentile ? ticks.map((at) => +(100 - 100 / 10 ** at).toFixed(3) + ' %') : ticks.map((at) => at + ' s') },
      { ...axis, grid: { ...axis.grid, filter: (u, ticks) => ticks.map((value) => decade(value) ? value : null) }, size: 48, values: (u, ticks) => ticks.map((value) => decade(value) ? short(value) : '') },
    ],
    series: [{}, ...lines.map(([name, colour]) => ({ label: name, stroke: css(colour), width: 1.75, spanGaps: plot.isPercentile === true, points: { show: plot.x.length < 3 } }))],
    hooks: {
      drawAxes: [(u) => {
        if (plot.isPercentile) return;
        u.ctx.save(); u.ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]); u.ctx.strokeStyle = css('--line2');
        for (const phase of run.phases) { const x = Math.round(u.valToPos(phase.fromMs / 1000, 'x', true)); if (x <= u.bbox.left || x > u.bbox.left + u.bbox.width) continue; u.ctx.beginPath(); u.ctx.moveTo(x, u.bbox.top); u.ctx.lineTo(x, u.bbox.top + u.bbox.height); u.ctx.stroke(); }
        u.ctx.restore();
      }],
      draw: [(u) => {
        const size = 12 * devicePixelRatio, gap = size * 1.15, labels = lines.map(([name, colour, values]) => { let at = values.length - 1; while (values[at] === null) at -= 1; return { name, colour: css(colour), x: u.valToPos(plot.x[at], 'x', true), y: u.valToPos(values[at], 'y', true) }; }).sort((a, b) => a.y - b.y);
        for (let index = 1; index < labels.length; index += 1) labels[index].y = Math.max(labels[index].y, labels[index - 1].y + gap);
        const over = labels.length === 0 ? 0 : labels[labels.length - 1].y - (u.bbox.top + u.bbox.height); if (over > 0) for (const label of labels) label.y -= over;
        u.ctx.save(); u.ctx.font = size + 'px system-ui, sans-serif'; u.ctx.textBaseline = 'middle'; u.ctx.textAlign = 'left';
        for (const label of labels) { u.ctx.fillStyle = label.colour; u.ctx.fillText(label.name, Math.min(label.x, u.bbox.left + u.bbox.width) + 6 * devicePixelRatio, label.y); }
        u.ctx.restore();
      }],
      setCursor: [(u) => {
        const at = u.cursor.idx; if (at === null || at === undefined) { said.textContent = ''; return; }
        said.textContent = (plot.isPercentile ? percent(at) : plot.x[at].toFixed(0) + ' s') + ': ' + lines.filter(([, , values]) => values[at] !== null).map(([name, , values]) => name + ' ' + (+values[at].toFixed(values[at] < 10 ? 2 : 0)).toLocaleString('en') + (plot.unit === '/s' || plot.unit === '' ? plot.unit : ' ' + plot.unit)).join(', ');
      }],
    },
  };
  drawn.push(new uPlot(options, [plot.x, ...lines.map(([, , values]) => plot.log ? values.map((value) => value === null ? null : Math.max(0.01, value)) : values)], place));
  place.append(said);
}
function drawAll() { for (const chart of drawn.splice(0)) chart.destroy(); document.querySelectorAll('.plot').forEach(draw); }
drawAll();
let waiting; addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
`;
