// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Shows those of many rows that are in the window.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

import type { Signal } from '@preact/signals';

import type { Block, Blocks } from './blocks';
import { refOf } from './place';
import type { Rec } from './cursor';
import { Scroll } from './scroll';

/** Control is what others do with the list. */
export interface Control {
  scroll: Scroll;
  /** show scrolls so that a row is in the window, its top in the given part of it if it was not. */
  show: (block: Block, row: number, part?: number) => void;
  toEnd: (end: 'top' | 'bottom') => void;
  /** atBottom: one sees the last row. */
  atBottom: () => boolean;
  redraw: () => void;
  /** remeasure notes how high the rows are that are drawn, after all heights were forgotten. */
  remeasure: () => void;
  element: () => HTMLElement | null;
}

interface Props {
  blocks: Blocks;
  version: Signal<number>;
  label: string;
  busy: boolean;
  class?: string;
  row: (r: Rec, ref: string, block: Block, index: number) => ComponentChildren;
  /** What stands where nothing is in memory. */
  gap: (b: Block) => ComponentChildren;
  control: (c: Control) => void;
  /** After everything that changes the window. moving: somebody scrolls fast. */
  onWindow: (c: Control, first: Block | null, last: Block | null, moving: boolean) => void;
  /** The last row stays in the window when rows are added. */
  follow?: boolean;
  onUser?: () => void;
}

const over = 400;

/** scrollTo makes room first, which may be known before it is drawn: a browser scrolls no further than there is something. */
function scrollTo(el: HTMLElement, scroll: Scroll): void {
  const physical = scroll.settle();
  const space = el.querySelector<HTMLElement>('.list-space');
  if (space) space.style.height = `${scroll.physicalHeight}px`;
  el.scrollTop = physical;
}

export function VirtualList(props: Props) {
  const { blocks } = props;
  const outer = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((n: number, _: void) => n + 1, 0);
  const me = useRef<{ control: Control; blocks: Blocks; places: WeakMap<Element, { block: Block; row: number }>; seen: ResizeObserver | null; idle: number; moving: boolean; version: number } | null>(null);
  void props.version.value;
  if (!me.current || me.current.blocks !== blocks) {
    const scroll = new Scroll(blocks);
    if (me.current) scroll.view = me.current.control.scroll.view;
    const settle = (): void => {
      const el = outer.current;
      if (!el) return;
      scrollTo(el, scroll);
      redraw();
    };
    const control: Control = {
      scroll, redraw: () => redraw(), element: () => outer.current,
      show: (block, row, part) => {
        const top = blocks.topOf(block, row);
        const height = blocks.list.includes(block) ? (block.heights?.[row] ?? blocks.rowHeight) : 0;
        const inside = top >= scroll.y && top + Math.min(height, scroll.view / 2) <= scroll.y + scroll.view;
        if (inside && part === undefined) return;
        if (part !== undefined) scroll.go(top - part * scroll.view);
        else scroll.go(top < scroll.y ? top : Math.min(top, top + height - scroll.view + 8));
        settle();
      },
      toEnd: (end) => {
        scroll.go(end === 'top' ? 0 : blocks.height);
        settle();
      },
      atBottom: () => scroll.y + scroll.view >= blocks.height - 4,
      remeasure: () => {
        for (const item of outer.current?.querySelectorAll('.list-item') ?? []) {
          const p = me.current?.places.get(item);
          if (p) blocks.measured(p.block, p.row, item.getBoundingClientRect().height);
        }
      },
    };
    me.current = { control, blocks, places: new WeakMap(), seen: me.current?.seen ?? null, idle: 0, moving: false, version: -1 };
    props.control(control);
    if (outer.current) outer.current.scrollTop = 0;
  }
  const my = me.current;
  const { scroll } = my.control;

  if (my.version !== props.version.value) {
    my.version = props.version.value;
    if (props.follow) scroll.go(blocks.height);
    else scroll.hold();
  }

  // What is in the window.
  const [from, to] = scroll.window(over);
  const rows: ComponentChildren[] = [];
  let first: Block | null = null;
  let last: Block | null = null;
  let top = 0;
  let index = 0;
  let lines = 0;
  for (const b of blocks.list) {
    const bottom = top + b.height;
    if (bottom >= from && top <= to && b.height > 0) {
      first ??= b;
      last = b;
      if (b.records && b.heights) {
        let y = top;
        for (let i = 0; i < b.count && y <= to; i++) {
          const h = b.heights[i] ?? 0;
          if (y + h >= from) {
            const ref = refOf(b.records, i, blocks.forward);
            lines++;
            rows.push(
              <Item key={`${b.id}.${i}`} top={y + scroll.shift} observe={my} block={b} row={i}>
                {props.row(b.records[i] as Rec, ref, b, index + i)}
              </Item>,
            );
          }
          y += h;
        }
      } else {
        const shownTop = Math.max(top, from);
        const shown = Math.min(bottom, to) - shownTop;
        rows.push(
          <GapBox key={`gap${b.id}`} top={shownTop + scroll.shift} height={blocks.list.length === 1 ? Math.max(shown, scroll.view) : shown}>
            {props.gap(b)}
          </GapBox>,
        );
      }
    }
    top = bottom;
    index += b.count;
  }

  useLayoutEffect(() => {
    const el = outer.current;
    if (!el) return;
    // At an end of what the browser can scroll, or to follow, the two places must agree now.
    const physical = scroll.physical;
    const stuck = (el.scrollTop < 1 && scroll.y > 1) || (scroll.y < 1 && physical > scroll.view);
    if (stuck || (props.follow && Math.abs(el.scrollTop - physical) > 1)) {
      const want = scroll.settle();
      if (Math.abs(el.scrollTop - want) > 1) {
        scrollTo(el, scroll);
        if (Math.abs(el.scrollTop - want) <= 1) redraw(); // else there is no such place yet, and drawing would not make it
      }
    }
    props.onWindow(my.control, first, last, my.moving);
  });

  useEffect(() => {
    const el = outer.current;
    if (!el) return;
    my.seen = new ResizeObserver((entries) => {
      let changed = false;
      for (const e of entries) {
        const now = me.current;
        if (!now) return;
        const s = now.control.scroll;
        if (e.target === el) {
          s.view = el.clientHeight;
          changed = true;
          continue;
        }
        const p = now.places.get(e.target);
        if (!p || !e.target.isConnected) continue;
        const h = e.borderBoxSize[0]?.blockSize ?? 0;
        if (h > 0 && now.blocks.measured(p.block, p.row, h) !== 0) changed = true;
      }
      if (!changed || !me.current) return;
      const s = me.current.control.scroll;
      if (latest.current.follow) s.go(me.current.blocks.height);
      else s.hold();
      redraw();
      rest();
    });
    my.seen.observe(el);
    scroll.view = el.clientHeight;
    redraw();
    const rest = (): void => {
      const now = me.current;
      if (!now) return;
      clearTimeout(now.idle);
      now.idle = window.setTimeout(() => {
        now.moving = false;
        const s = now.control.scroll;
        if (!s.settled && !dragging) scrollTo(el, s);
        redraw();
      }, 140);
    };
    const onScroll = (): void => {
      const now = me.current;
      if (!now) return;
      const s = now.control.scroll;
      const physical = el.scrollTop;
      if (Math.abs(physical - s.physical) < 1) return;
      const before = s.y;
      s.scrolled(physical);
      now.moving = Math.abs(s.y - before) > s.view;
      redraw();
      rest();
      latest.current.onUser?.();
    };
    let dragging = false; // the thumb of the scroll bar
    const down = (e: PointerEvent): void => {
      if (e.target === el && e.offsetX >= el.clientWidth) dragging = true;
    };
    const up = (e: PointerEvent): void => {
      if (!dragging || (e.type === 'pointermove' && e.buttons !== 0)) return;
      dragging = false;
      rest();
    };
    el.addEventListener('scroll', onScroll, { passive: true });
    el.addEventListener('pointerdown', down);
    addEventListener('pointerup', up);
    addEventListener('pointermove', up);
    return () => {
      el.removeEventListener('scroll', onScroll);
      el.removeEventListener('pointerdown', down);
      removeEventListener('pointerup', up);
      removeEventListener('pointermove', up);
      clearTimeout(me.current?.idle);
      me.current?.seen?.disconnect();
    };
  }, []);
  const latest = useRef(props);
  latest.current = props;

  return (
    <div ref={outer} class={`list ${props.class ?? ''}`} role={lines > 0 ? 'feed' : 'group'} aria-label={props.label} aria-busy={props.busy} tabIndex={0}>
      <Space height={scroll.physicalHeight} />
      {rows}
    </div>
  );
}

function Space(props: { height: number }) {
  const el = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (el.current) el.current.style.height = `${props.height}px`;
  });
  return <div ref={el} class="list-space" aria-hidden="true" />;
}

function place(el: HTMLElement | null, top: number): void {
  if (el) el.style.top = `${top}px`;
}

function Item(props: {
  top: number; block: Block; row: number; children: ComponentChildren;
  observe: { places: WeakMap<Element, { block: Block; row: number }>; seen: ResizeObserver | null };
}) {
  const el = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => place(el.current, props.top), [props.top]);
  useLayoutEffect(() => {
    if (el.current) props.observe.places.set(el.current, { block: props.block, row: props.row });
  }, [props.block, props.row, props.observe]);
  useEffect(() => {
    const { seen } = props.observe;
    const e = el.current;
    if (e) seen?.observe(e);
    return () => {
      if (e) seen?.unobserve(e);
    };
  }, [props.observe.seen]);
  return (
    <div ref={el} class="list-item" role="presentation">
      {props.children}
    </div>
  );
}

function GapBox(props: { top: number; height: number; children: ComponentChildren }) {
  const el = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    place(el.current, props.top);
    if (el.current) el.current.style.height = `${props.height}px`;
  }, [props.top, props.height]);
  return (
    <div ref={el} class="list-item list-gap" role="presentation">
      {props.children}
    </div>
  );
}
