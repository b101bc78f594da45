// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// LogQL in the editor: its highlighting and how the editor looks. Colours are the page's own, by its custom properties.

import { HighlightStyle, LRLanguage, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { parser } from '@grafana/lezer-logql';
import { styleTags, tags as t } from '@lezer/highlight';

const tagged = parser.configure({
  props: [
    styleTags({
      LineComment: t.comment,
      String: t.string,
      'Number Duration Bytes': t.number,
      'Selector/Matchers/Matcher/Identifier LabelName Identifier': t.propertyName,
      'Json Logfmt Unpack Pattern Regexp Unwrap LabelFormat LineFormat Decolorize Drop Keep ParserFlag': t.keyword,
      'By Without And Or Unless Bool On Ignoring GroupLeft GroupRight Offset': t.operatorKeyword,
      'RangeOp/... VectorOp/... LabelReplace Vector ConvOp/... FilterOp/...': t.function(t.name),
      'PipeExact PipeMatch PipePattern Npa Pipe Eq Neq Re Nre Gtr Gte Lss Lte Eql Add Sub Mul Div Mod Pow': t.operator,
      '⚠': t.invalid,
    }),
  ],
});

const style = HighlightStyle.define([
  { tag: t.comment, color: 'var(--muted)', fontStyle: 'italic' },
  { tag: t.string, color: 'var(--ok)' },
  { tag: t.number, color: 'var(--warn)' },
  { tag: t.propertyName, color: 'var(--link)' },
  { tag: t.keyword, color: 'var(--fatal)' },
  { tag: t.operatorKeyword, color: 'var(--fatal)' },
  { tag: t.function(t.name), color: 'var(--fatal)' },
  { tag: t.operator, color: 'var(--muted)' },
]);

export const language = [
  LRLanguage.define({ name: 'logql', parser: tagged, languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"', '`'] } } }),
  syntaxHighlighting(style),
];

export const look = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--text)', fontSize: 'inherit' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', fontSize: 'var(--mono-size)', lineHeight: '1.5', maxHeight: '40vh' },
  '.cm-content': { padding: '5px 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 8px' },
  '.cm-placeholder': { color: 'var(--muted)', fontFamily: 'var(--sans)', fontSize: '0.9rem' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--selected) !important', outline: '1px solid var(--edge-strong)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--error)', textUnderlineOffset: '3px' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--edge)', borderRadius: 'var(--r2)', boxShadow: 'var(--shadow-raised)', zIndex: '50' },
  '.cm-tooltip-below.cm-tooltip-autocomplete': { marginTop: '7px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: 'var(--mono-size)', maxHeight: '22em', minWidth: 'min(20rem, 88vw)', maxWidth: 'min(44rem, 92vw)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', display: 'flex', gap: '12px', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionLabel': { flex: '1', overflow: 'hidden', textOverflow: 'ellipsis' },
  '.cm-completionDetail': { marginLeft: '0', fontStyle: 'normal', fontFamily: 'var(--sans)', color: 'var(--muted)' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip-lint': { padding: '0' },
  '.cm-diagnostic': { borderLeft: '4px solid var(--bar-error)', padding: '4px 8px', whiteSpace: 'pre-wrap' },
});
