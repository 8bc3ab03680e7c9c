/** The live page from top to bottom: bar, headline, counters, actions, field with legend, charts; beside it the device. */
import { Actions } from './actions.tsx';
import { Charts } from './charts.tsx';
import { act, connection, counters, fleet, look, run, serviceNow, startedAt, unseen } from './feed.ts';
import { Field, Legend } from './field.tsx';
import { OpenRunButton, OtherRun } from './other-run.tsx';
import { Panel } from './panel.tsx';
import { asSentence, clockText, headline } from './words.ts';
import { spanText } from '../report/words.ts';

export function App() {
  return (
    <>
      <Bar />
      {connection.value === 'lost' && (
        <p class="lost" role="alert">
          The service does not answer. This page waits for it and goes on by itself.
        </p>
      )}
      <div class="page">
        <main>
          <Headline />
          <div class="beside">
            <Figures />
            <Find />
          </div>
          <Actions />
          <Field />
          <Legend />
          <Scenarios />
          <Charts />
        </main>
        <Panel />
      </div>
      <Start />
      <OtherRun />
    </>
  );
}

const speeds = [0.5, 1, 2, 5, 10, 20, 50, 100];

function Bar() {
  const { verb, about, deeds, speed } = run.value;
  const place = speeds.findIndex((one) => one >= speed);
  const canChange = deeds.includes('speed');
  return (
    <header class="top">
      <b>jobrig</b>
      <span class="run">
        {verb}
        {about !== '' && ` · ${about}`}
      </span>
      <span class="clock">
        Device time <b>{clockText(serviceNow.value - startedAt.value)}</b>
      </span>
      {canChange && (
        <label class="speed">
          Speed
          <input
            type="range"
            min="0"
            max={speeds.length - 1}
            value={speed === 0 ? 0 : place === -1 ? speeds.length - 1 : place}
            aria-valuetext={`${speed} times`}
            onChange={(event) => void act({ do: 'speed', factor: speeds[Number(event.currentTarget.value)] ?? 1 })}
          />
          <span class="factor">× {speed}</span>
        </label>
      )}
      {canChange && <PauseButton />}
      <OpenRunButton />
    </header>
  );
}

let speedBefore = 1;

function PauseButton() {
  const { speed } = run.value;
  const press = (): void => {
    if (speed > 0) speedBefore = speed;
    void act({ do: 'speed', factor: speed > 0 ? 0 : speedBefore });
  };
  return (
    <button type="button" onClick={press}>
      {speed > 0 ? 'Pause' : 'Go on'}
    </button>
  );
}

function Headline() {
  const { act: going, before = [], found, verdict } = run.value;
  const words = { pass: 'Passed', fail: 'Failed', inconclusive: 'Inconclusive' } as const;
  return (
    <section class="headline">
      <h1>
        {headline(counters.value, run.value).map(([text, tone], index) => (
          <span key={index} class={tone}>
            {text}
          </span>
        ))}
      </h1>
      {(going !== undefined || verdict !== undefined) && (
        <p class="act" role="status">
          {verdict !== undefined && (
            <b class={verdict === 'fail' ? 'red' : ''}>
              {verdict === 'fail' ? '✗ ' : verdict === 'pass' ? '✓ ' : '? '}
              {words[verdict]}
            </b>
          )}
          {verdict === undefined && going !== undefined && asSentence(going)}
        </p>
      )}
      {verdict === undefined && before.length > 0 && (
        <ol class="before" aria-label="What went on before">
          {before.map((earlier) => (
            <li key={earlier}>{asSentence(earlier)}</li>
          ))}
        </ol>
      )}
      {found !== undefined && (
        <p class="found red" role="status">
          ✗{' '}
          <button type="button" class="link" onClick={() => look(found.thing)}>
            {found.thing}
          </button>{' '}
          {found.reason}
        </p>
      )}
    </section>
  );
}

function Figures() {
  const { things, connected, atWork, succeeded, failed, pulled, recovered, medianRecoveryMs } = counters.value;
  const [span = '–', unit = ''] = medianRecoveryMs === undefined ? [] : spanText(medianRecoveryMs).split(' ');
  const figures: readonly (readonly [string, string, string, string?])[] = [
    [String(connected), `of ${things}`, 'connected'],
    [String(atWork), '', 'at work'],
    [String(succeeded), '', 'succeeded'],
    [String(recovered), `of ${pulled}`, 'recovered', pulled > 0 ? 'green' : ''],
    [span, unit, 'median recovery'],
    [String(failed), '', 'failed, rejected'],
  ];
  return (
    <dl class="figures">
      {figures.map(([value, beside, name, tone = '']) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b class={tone}>{value}</b> {beside}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** By name: the first that begins with what was typed, else the first that has it. */
function Find() {
  const { names } = fleet.value;
  if (names.length < 2) return null;
  const find = (event: Event): void => {
    event.preventDefault();
    const text = new FormData(event.currentTarget as HTMLFormElement).get('name');
    if (typeof text !== 'string' || text === '') return;
    const found =
      names.find((name) => name === text) ??
      names.find((name) => name.startsWith(text)) ??
      names.find((name) => name.endsWith(text)) ??
      names.find((name) => name.includes(text));
    if (found !== undefined) look(found);
  };
  return (
    <form class="find" role="search" onSubmit={find}>
      <input type="search" name="name" placeholder="Find a device" aria-label="Find a device" />
      {unseen.value > 0 && <span class="quiet">and {unseen.value} more that are not shown</span>}
    </form>
  );
}

const signs = { waits: '·', runs: '…', pass: '✓', fail: '✗', skip: '–', inconclusive: '?' } as const;

/** Of a check: the list fills while it runs. */
function Scenarios() {
  const { scenarios } = run.value;
  if (scenarios === undefined || scenarios.length === 0) return null;
  const done = scenarios.filter(({ state }) => state === 'pass' || state === 'fail').length;
  const survived = scenarios.filter(({ state }) => state === 'pass').length;
  return (
    <section class="scenarios">
      <h2>
        Scenarios{' '}
        <span class="quiet">
          survived {survived} of {done}
        </span>
      </h2>
      <ul>
        {scenarios.map(({ id, state, reason }) => (
          <li key={id} class={state}>
            <span aria-hidden="true">{signs[state]}</span>
            <span>{id}</span>
            <span class="unseen">{state}</span>
            {reason !== undefined && reason !== '' && <span class="why">{reason}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A demo for an audience begins when somebody presses this. */
function Start() {
  if (run.value.awaitsStart !== true) return null;
  return (
    <div class="start">
      <button type="button" class="main" autoFocus onClick={() => void act({ do: 'start' })}>
        Start
      </button>
      <p>{run.value.act}</p>
    </div>
  );
}
