// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The only way this page makes elements: text is always text.

const svgNamespace = 'http://www.w3.org/2000/svg';

export const $ = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

// el makes an HTML element. A function among the attributes is a listener; children are nodes or text.
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

// svg makes an SVG element.
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(svgNamespace, tag), attributes, children);
