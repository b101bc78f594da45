// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The colours of the style sheet for canvases, which know no custom properties.

/** resolver reads colours of tokens as they are for an element, each once. */
export function resolver(host: HTMLElement): (token: string) => string {
  const found = new Map<string, string>();
  return (token) => {
    let color = found.get(token);
    if (color === undefined) {
      // A custom property may hold anything (var(), light-dark()); the colour of an element is always one.
      const probe = document.createElement('span');
      probe.hidden = true;
      probe.style.color = `var(${token})`;
      host.append(probe);
      color = getComputedStyle(probe).color || 'gray';
      probe.remove();
      found.set(token, color);
    }
    return color;
  };
}

/** onTheme calls back when the colours of the page may have changed; the result ends that. */
export function onTheme(changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = new MutationObserver(changed);
  dark.addEventListener('change', changed);
  root.observe(document.documentElement, { attributes: true });
  return () => {
    dark.removeEventListener('change', changed);
    root.disconnect();
  };
}
