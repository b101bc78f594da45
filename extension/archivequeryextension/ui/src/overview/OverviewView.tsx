// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// "What is here": what the archive holds, who is silent, what was left out.

import './overview.css';

import type { ComponentChildren } from 'preact';

import { overview as ask } from '../api/client';
import type { Overview } from '../api/types';
import { clockNs, stampNs } from '../lib/clock';
import { ago, bytes, count, duration, plural, short } from '../lib/format';
import { msOf } from '../lib/time';
import { LogText } from '../lines/LogText';
import { type Loaded, resource } from '../state/run';
import { state } from '../state/url';
import { Empty, Loading, Notices } from '../widgets/States';
import { Value } from '../widgets/Value';
import { Losses } from './Losses';
import { ratio } from './model';
import { Services, To } from './Services';

let visits = 0;
let here = false;

/** visit counts how often somebody came to the view: each time it is looked up anew. */
function visit(): number | null {
  const now = state.value.view === 'overview';
  if (now && !here) visits++;
  here = now;
  return now ? visits : null;
}

const loaded = resource(
  visit,
  (_, abort) => ask(null, abort),
);

function Fact(props: { name: string; children: ComponentChildren; more?: ComponentChildren }) {
  return (
    <div class="fact">
      <dt class="muted">{props.name}</dt>
      <dd>
        <span class="fact-value num">{props.children}</span>
        {props.more !== undefined && <span class="muted small">{props.more}</span>}
      </dd>
    </div>
  );
}

function Facts(props: { of: Overview }) {
  const { archive: a } = props.of;
  const times = ratio(a);
  return (
    <dl class="facts panel">
      <Fact name="Records" more={a.uncommitted > 0 ? `and ${count(a.uncommitted)} that wait for a flush` : count(a.records)}>
        {short(a.records)}
      </Fact>
      <Fact name="Stored" more={times > 1 ? `for ${bytes(a.raw_bytes ?? 0)} of records, ${times.toFixed(1)} : 1` : plural(a.objects, 'object')}>
        {bytes(a.bytes)}
      </Fact>
      <Fact name="Oldest record" more={stampNs(a.oldest).slice(0, 19)}>
        {ago(msOf(a.oldest))}
      </Fact>
      <Fact name="Newest record" more={stampNs(a.newest).slice(0, 19)}>
        {ago(msOf(a.newest))}
      </Fact>
      <Fact name="Where" more={plural(a.objects, 'object')}>
        <span class="mono small">
          <Value text={a.bucket ?? 'the archive'} max={120} />
        </span>
      </Fact>
    </dl>
  );
}

function Silence(props: { of: Overview }) {
  const { of: o } = props;
  const silent = o.services.filter((s) => s.silent !== null);
  if (o.archive.silent)
    return (
      <p class="notice warn">
        <span>
          <strong>Nothing new arrives.</strong> The newest record is {ago(msOf(o.archive.silent.since))}; before, one came every{' '}
          {duration(o.archive.silent.usual_gap_ms)} at the latest. Is anything still sending, and does it reach Logboom?
        </span>
      </p>
    );
  if (silent.length === 0) return null;
  return (
    <p class="notice warn">
      <span>
        <strong>{plural(silent.length, 'service is', 'services are')} silent</strong> for longer than usual. {silent.length === 1 ? 'It comes' : 'They come'} first in
        the table; a click on “silent” shows what was said last.
      </span>
    </p>
  );
}

function Retention(props: { of: Overview }) {
  const r = props.of.retention;
  const texts = [...(r.rules ?? []), ...(r.sizes ?? []), ...(r.holds ?? [])].map((x) => x.text).filter((t) => t !== '');
  return (
    <section class="panel stack" aria-label="Retention">
      <h2>How long it stays</h2>
      <p>
        {r.text || (r.known ? 'As the rules say:' : 'Not known here.')}
        {r.dry_run && <span class="badge warn">dry run: nothing is deleted yet</span>}
      </p>
      {texts.length > 0 && (
        <ul class="retention">
          {texts.slice(0, 50).map((t) => (
            <li key={t}>
              <Value text={t} max={300} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Told(props: { of: Overview }) {
  const list = props.of.notices ?? [];
  if (list.length === 0) return null;
  return (
    <section class="panel" aria-label="Notices of Logboom">
      <h2>What Logboom itself noted</h2>
      <ul class="told" tabIndex={0} aria-label="Notices">
        {list.slice(0, 30).map((n) => {
          const ms = msOf(n.time);
          return (
            <li key={`${n.time} ${n.event}`}>
              <To
                class="num" title={stampNs(n.time)}
                state={{
                  view: 'lines', q: '', line: '', live: false, from: String(Math.floor(ms - 60e3)), to: String(Math.ceil(ms + 60e3)),
                  filters: n.service ? [{ kind: 'stream', name: 'service_name', op: '=', value: n.service }] : [],
                }}
              >
                {stampNs(n.time).slice(0, 10)} {clockNs(n.time).slice(0, 8)}
              </To>{' '}
              <span class="strong">
                <Value text={n.service} max={60} />
              </span>{' '}
              <LogText text={n.line} max={400} />
            </li>
          );
        })}
      </ul>
      {list.length > 30 && <p class="muted small">and {count(list.length - 30)} more</p>}
    </section>
  );
}

function Result(props: { of: Loaded<Overview> }) {
  const { of } = props;
  const o = of.data;
  if (!o) return of.loading ? <Loading what="what is here" /> : null;
  return (
    <div class={of.loading ? 'stack dim' : 'stack'} aria-busy={of.loading}>
      {o.archive.records === 0 && o.services.length === 0 ? (
        <>
          <Empty title="The archive is empty so far.">
            <p>
              {o.archive.uncommitted > 0
                ? `${plural(o.archive.uncommitted, 'record')} arrived and wait for a flush: look again in a few seconds.`
                : 'Records appear here a few seconds after the first one arrives. Send some to one of the receivers of the configuration.'}
            </p>
          </Empty>
          <Losses of={o} />
        </>
      ) : (
        <>
          <Silence of={o} />
          <Facts of={o} />
          <Services of={o} />
          <div class="overview-pair">
            <Losses of={o} />
            <Retention of={o} />
          </div>
          <Told of={o} />
        </>
      )}
    </div>
  );
}

export function OverviewView() {
  return (
    <section class="stack overview" aria-label="What is here">
      <Notices of={loaded.value} />
      <Result of={loaded.value} />
    </section>
  );
}
