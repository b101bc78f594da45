// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// A button with what opens below it. It closes by Escape, by a click elsewhere, and when the focus leaves it.

import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

export function Popover(props: {
  open: Signal<boolean>;
  label: ComponentChildren;
  /** What opens, by name. */
  name: string;
  title?: string;
  class?: string;
  /** It hangs from the button's end. */
  end?: boolean;
  children: ComponentChildren;
}) {
  const { open } = props;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open.value) return undefined;
    const outside = (e: Event): void => {
      if (!root.current?.contains(e.target as Node)) open.value = false;
    };
    const escape = (e: KeyboardEvent): void => {
      if (e.key !== 'Escape') return;
      e.preventDefault();
      e.stopPropagation();
      open.value = false;
      button.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    document.addEventListener('keydown', escape, true);
    root.current?.querySelector<HTMLElement>('[data-first], .pop input, .pop button')?.focus();
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      document.removeEventListener('keydown', escape, true);
    };
  }, [open.value]);
  return (
    <div class="anchor" ref={root}>
      <button
        ref={button} type="button" class={props.class} aria-expanded={open.value} aria-controls={id} aria-haspopup="dialog" title={props.title}
        onClick={() => (open.value = !open.value)}
      >
        {props.label}
      </button>
      {open.value && (
        <div class={props.end ? 'popover pop end' : 'popover pop'} id={id} role="dialog" aria-label={props.name}>
          {props.children}
        </div>
      )}
    </div>
  );
}
