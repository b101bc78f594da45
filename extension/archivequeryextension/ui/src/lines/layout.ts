// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Keeps the estimates of a list's heights right for its width and its look.

import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import type { Blocks } from './blocks';
import { estimator } from './estimate';
import { measure } from './look';
import type { Look } from './Row';
import type { Control } from './VirtualList';

export function useLayout(control: { readonly current: Control | null }, blocks: Blocks, version: Signal<number>, look: Look): void {
  useEffect(() => {
    const el = control.current?.element();
    if (!el) return undefined;
    let width = 0;
    const lay = (): void => {
      if (el.clientWidth === width || el.clientWidth === 0) return;
      width = el.clientWidth;
      const m = measure(el, look);
      blocks.estimate = estimator(m, look);
      blocks.rowHeight = m.line + m.extra;
      blocks.relay();
      // The observer is silent about rows whose size stays; and who reads the details of a line shall stay there.
      control.current?.remeasure();
      version.value++;
    };
    lay();
    const seen = new ResizeObserver(lay);
    seen.observe(el);
    return () => seen.disconnect();
  }, [blocks, look]);
}
