/** Starts the live page: one feed, one tree of components. */
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './page.css';
import { App } from './app.tsx';
import { connect, look } from './feed.ts';
import { takeRuns } from './other-run.tsx';

const place = document.getElementById('app');
if (place !== null) render(<App />, place);
look(decodeURIComponent(location.hash.slice(1)) || undefined);
connect();
takeRuns();
