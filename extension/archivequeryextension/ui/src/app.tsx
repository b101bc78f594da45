// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './app.css';

import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { FieldsPanel } from './fields/FieldsPanel';
import { CulpritView } from './culprit/CulpritView';
import { Help, openHelp } from './help/Help';
import { Histogram } from './histogram/Histogram';
import { useKeys } from './keys';
import { LinesView } from './lines/LinesView';
import { MetricView } from './metric/MetricView';
import { OverviewView } from './overview/OverviewView';
import { PatternsView } from './patterns/PatternsView';
import { Filters } from './search/Filters';
import { SearchBar } from './search/SearchBar';
import { TimeRange } from './search/TimeRange';
import { nextTheme, theme } from './state/prefs';
import { fixedLink, run } from './state/run';
import { go, link, state, type View, views } from './state/url';
import { TrailView } from './trail/TrailView';
import { NothingHere } from './widgets/NothingHere';
import { copy, News } from './widgets/say';

const titles: Record<View, string> = { lines: 'Lines', patterns: 'Patterns', culprit: 'Culprit', trail: 'Trail', overview: 'What is here' };

const letters: Record<View, string> = { lines: 'l', patterns: 'p', culprit: 'c', trail: 't', overview: 'o' };

const copyLink = (): void => void copy(fixedLink(), 'Link copied, with its times fixed');

function useViewKeys(): void {
  useKeys(() => [
    ...views.map((v) => ({ keys: `g ${letters[v]}`, what: titles[v].toLowerCase(), group: 'Views' as const, run: () => go({ view: v, live: false }) })),
    { keys: 'L', what: 'copy a link to what is shown, with its times fixed', group: 'Everywhere' as const, run: copyLink },
    { keys: 'u', what: 'light, dark, or as the system has it', group: 'Everywhere' as const, run: nextTheme },
  ]);
}

/** useTitle names the tab of the browser by the question. */
function useTitle(): void {
  useSignalEffect(() => {
    const { view, q, id, filters } = state.value;
    const about = view === 'trail' ? id : view === 'overview' ? '' : [q.trim(), ...filters.map((f) => f.value)].filter((x) => x !== '').join(' ');
    const where = view === 'lines' && about !== '' ? '' : titles[view];
    document.title = [about.replace(/[\p{C}]/gu, '').slice(0, 80), where, 'Logboom'].filter((x) => x !== '').join(' · ');
  });
}

function Tools() {
  const sign = { system: '◐', light: '☀', dark: '☾' }[theme.value];
  return (
    <div class="tools">
      <button type="button" class="small quiet copy-link" title="Copy a link to what is shown, with its times fixed  L" onClick={copyLink}>
        Copy link
      </button>
      <button type="button" class="icon quiet" aria-label={`Colours: ${theme.value}`} title={`Colours: ${theme.value}  u`} onClick={nextTheme}>
        <span aria-hidden="true">{sign}</span>
      </button>
      <button type="button" class="icon quiet" aria-label="Help" title="Help  ?" onClick={openHelp}>
        <span aria-hidden="true">?</span>
      </button>
    </div>
  );
}

function Tabs() {
  const { view } = state.value;
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const tab = nav.current?.querySelector<HTMLElement>('[aria-current]'); // where there is no room for all, it may be out of sight
    if (nav.current && tab) nav.current.scrollLeft = tab.offsetLeft - (nav.current.clientWidth - tab.offsetWidth) / 2;
  }, [view]);
  return (
    <nav class="tabs" aria-label="Views" ref={nav}>
      {views.map((v) => (
        <a
          key={v}
          href={link({ view: v })}
          aria-current={v === view ? 'page' : undefined}
          onClick={(e) => {
            if (e.metaKey || e.ctrlKey || e.shiftKey || e.button !== 0) return;
            e.preventDefault();
            go({ view: v, live: false });
          }}
        >
          {titles[v]}
        </a>
      ))}
    </nav>
  );
}

function Content() {
  const { view } = state.value;
  if (view === 'overview') return <OverviewView />;
  if (view === 'trail') return <TrailView />;
  if (!run.value) return <NothingHere />;
  if (run.value.metric) return <MetricView />;
  return (
    <>
      <Histogram />
      {view === 'patterns' && <PatternsView />}
      {view === 'culprit' && <CulpritView />}
      {view === 'lines' && (
        <div class="with-fields">
          <FieldsPanel />
          <LinesView />
        </div>
      )}
    </>
  );
}

export function App() {
  useViewKeys();
  useTitle();
  return (
    <>
      <a class="skip" href="#main">
        To the results
      </a>
      <header class="top">
        <a class="brand" href={location.pathname} aria-label="Logboom: begin anew">
          <img src="./icon.svg" alt="" width="24" height="24" /> <span class="brand-name">Logboom</span>
        </a>
        <SearchBar />
        <TimeRange />
      </header>
      <Filters />
      <div class="bar">
        <Tabs />
        <Tools />
      </div>
      <main id="main" tabIndex={-1}>
        <h1 class="visually-hidden">Logboom: {titles[state.value.view]}</h1>
        <Content />
      </main>
      <Help />
      <News />
    </>
  );
}
