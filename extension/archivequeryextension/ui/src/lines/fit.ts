// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The list reaches down to the edge of the window, wherever it begins.

import { useLayoutEffect, useRef } from 'preact/hooks';

const least = 300;

/** useFit lets the .list in an element have the height that is left for it. */
export function useFit() {
  const ref = useRef<HTMLElement>(null);
  useLayoutEffect(() => (ref.current ? follow(ref.current) : undefined), []);
  return ref;
}

function follow(el: HTMLElement): () => void {
  let frame = 0;
  let height = 0;
  const set = (): void => {
    frame = 0;
    const list = el.querySelector<HTMLElement>('.list');
    if (!list) return;
    const head = document.querySelector<HTMLElement>(innerWidth > 640 ? '.top' : '.tabs'); // what stays at the top of the window
    el.style.top = `${(head?.offsetHeight ?? 48) + 8}px`;
    const h = Math.max(least, Math.floor(innerHeight - list.getBoundingClientRect().top - 12));
    if (Math.abs(h - height) < 2 && list.style.height !== '') return;
    height = h;
    list.style.height = `${h}px`;
  };
  const soon = (): void => {
    if (frame === 0) frame = requestAnimationFrame(set);
  };
  const seen = new ResizeObserver(soon);
  seen.observe(document.body);
  const main = el.closest('main');
  if (main) for (const child of main.children) seen.observe(child);
  seen.observe(el);
  addEventListener('resize', soon);
  addEventListener('scroll', soon, { passive: true });
  set();
  return () => {
    seen.disconnect();
    removeEventListener('resize', soon);
    removeEventListener('scroll', soon);
    cancelAnimationFrame(frame);
  };
}
