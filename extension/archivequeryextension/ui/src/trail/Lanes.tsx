// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The trail as a picture: a lane for each service on one axis of time, a stroke for each record, the first error as a line through all.

import { memo } from 'preact/compat';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import type { Trail } from '../api/types';
import { count, plural } from '../lib/format';
import { Value } from '../widgets/Value';
import { axis, gapPictures, type LanePicture, lanePictures, lasting, nearest, total, wide } from './model';

const percent = (x: number): string => `${x / (wide / 100)}%`;

interface LaneProps {
  of: Trail;
  at: number;
  picture: LanePicture | undefined;
  all: number;
  failed: boolean;
  only: number | null;
  onSelect: (i: number) => void;
  onOnly: (lane: number | null) => void;
}

const Lane = memo(function Lane({ of: t, at, picture: p, all, failed, only, onSelect, onOnly }: LaneProps) {
  const l = t.lanes[at];
  if (!l) return null;
  const pick = (e: MouseEvent): void => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    const i = nearest(t.records, at, ((e.clientX - box.left) / Math.max(1, box.width)) * all);
    if (i >= 0) onSelect(i);
  };
  return (
    <li class={`lane${only !== null && only !== at ? ' other' : ''}${failed ? ' failed' : ''}`}>
      <button
        type="button" class="quiet lane-name" aria-pressed={only === at} onClick={() => onOnly(only === at ? null : at)}
        title={only === at ? 'Show the records of all services' : 'Show only its records below'}
      >
        <span class="cut">
          <Value text={l.service || 'unknown service'} max={60} />
          {l.pod && (
            <span class="muted small">
              {' '}
              <Value text={l.pod} max={60} />
            </span>
          )}
        </span>
        <span class="lane-counts num">
          {l.errors > 0 && (
            <span class="badge error">
              {count(l.errors)}
              <span class="visually-hidden">{l.errors === 1 ? ' error' : ' errors'}</span>
            </span>
          )}
          <span class="visually-hidden">
            {`, ${plural(l.records, 'record')}${failed ? ', failed first' : ''}${p ? `, from ${lasting(p.first)} on` : ''}, lasting`}
          </span>
          <span class="muted">{p ? lasting(p.lasts) : ''}</span>
        </span>
      </button>
      {/* A shortcut for a pointer: the list below has every record for the keyboard. */}
      <div class="lane-track" onClick={pick} aria-hidden="true">
        {p && <span class="lane-span" style={{ left: percent(p.x), width: percent(p.width) }} />}
        <svg viewBox={`0 0 ${wide} 20`} preserveAspectRatio="none">
          {p?.ticks.map((tick) => (
            <path key={tick.level} data-level={tick.level} d={tick.d} vector-effect="non-scaling-stroke" />
          ))}
        </svg>
      </div>
    </li>
  );
});

export function Lanes(props: { of: Trail; selected: number; only: number | null; onSelect: (i: number) => void; onOnly: (lane: number | null) => void }) {
  const { of: t, selected, only } = props;
  const all = total(t);
  const { lanes, gaps, marks } = useMemo(() => ({ lanes: lanePictures(t), gaps: gapPictures(t), marks: axis(all) }), [t]);
  const error = t.first_error === null ? undefined : t.records[t.first_error];
  const cursor = t.records[selected];
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const lane = box.current?.querySelector<HTMLElement>('.failed');
    if (box.current && lane) box.current.scrollTop = lane.offsetTop - box.current.clientHeight / 2; // where there are more lanes than room
  }, [t]);
  return (
    <div class="lanes-box" ref={box}>
      <div class="lanes">
        <div class="lanes-axis" aria-hidden="true">
          {marks.map((ns) => (
            <span key={ns} class={ns > all * 0.96 ? 'num last' : 'num'} style={{ left: `${(ns / all) * 100}%` }}>
              {ns === 0 ? '0' : lasting(ns)}
            </span>
          ))}
        </div>
        <div class="lanes-back" aria-hidden="true">
          {marks.map((ns) => (
            <span key={ns} class="lanes-mark" style={{ left: `${(ns / all) * 100}%` }} />
          ))}
          {gaps.map((g) => (
            <span key={g.x} class="lanes-gap" style={{ left: percent(g.x), width: percent(g.width) }} title={`${lasting(g.ns)} without a record`}>
              {g.width > 70 && <span class="num">{lasting(g.ns)} nothing</span>}
            </span>
          ))}
          {error && <span class="lanes-error" style={{ left: `${(error.offset_ns / all) * 100}%` }} />}
          {cursor && <span class="lanes-cursor" style={{ left: `${(cursor.offset_ns / all) * 100}%` }} />}
        </div>
        <ol class="lanes-list" aria-label="Services in the order in which they came in">
          {t.lanes.map((_, i) => (
            <Lane key={i} of={t} at={i} picture={lanes[i]} all={all} failed={error?.lane === i} only={only} onSelect={props.onSelect} onOnly={props.onOnly} />
          ))}
        </ol>
      </div>
    </div>
  );
}
