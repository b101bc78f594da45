// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"

	"github.com/logboom/logboom/internal/grok"
)

// failure is what could not be read from a capture.
type failure uint8

const (
	failureType failure = iota
	failureTimestamp
	failureSeverity
	failureTraceID
	failureSpanID
	failureReserved
	failureCount
)

var failureNames = [failureCount]string{"type", "timestamp", "severity", "trace_id", "span_id", "reserved"}

// rule selects records and fills them from the first of its parsers that matches.
type rule struct {
	name       string
	conditions []*ottl.Condition[*ottllog.TransformContext]
	from       source
	parsers    []parser
	overwrite  bool
	timestamp  timestampReader
	severity   severityReader
	traceID    fieldNames
	spanID     fieldNames
}

func newRule(set component.TelemetrySettings, cfg *Config, rc *RuleConfig, patterns *grok.Set) (*rule, error) {
	r := &rule{name: rc.Name, overwrite: rc.Overwrite}
	var errs []error
	var err error
	if r.conditions, err = parseConditions(set, rc.Conditions); err != nil {
		errs = append(errs, fmt.Errorf("conditions: %w", err))
	}
	if r.from, err = parseSource(rc.From); err != nil {
		errs = append(errs, err)
	}
	for i := range rc.Parsers {
		p, err := newParser(cfg, &rc.Parsers[i], patterns)
		if err != nil {
			errs = append(errs, fmt.Errorf("parsers[%d]: %w", i, err))
			continue
		}
		r.parsers = append(r.parsers, p)
	}
	if r.timestamp, err = newTimestampReader(&rc.Timestamp); err != nil {
		errs = append(errs, fmt.Errorf("timestamp: %w", err))
	}
	if r.severity, err = newSeverityReader(&rc.Severity); err != nil {
		errs = append(errs, fmt.Errorf("severity: %w", err))
	}
	r.traceID = newFieldNames(rc.TraceID.Field, traceIDNames)
	r.spanID = newFieldNames(rc.SpanID.Field, spanIDNames)
	return r, errors.Join(errs...)
}

func newParser(cfg *Config, pc *ParserConfig, patterns *grok.Set) (parser, error) {
	switch {
	case pc.Grok != "":
		p, err := patterns.Compile(pc.Grok, grok.WithMaxSteps(cfg.MaxMatchSteps))
		if err != nil {
			return nil, fmt.Errorf("grok: %w", err)
		}
		return newGrokParser(p), nil
	case pc.Regex != "":
		re, err := regexp.Compile(pc.Regex)
		if err != nil {
			return nil, fmt.Errorf("regex: %w", err)
		}
		return &regexParser{re: re, names: re.SubexpNames()}, nil
	case pc.JSON != nil:
		return &jsonParser{maxDepth: cfg.MaxJSONDepth, maxFields: cfg.MaxFields}, nil
	case pc.Logfmt != nil:
		return &logfmtParser{maxFields: cfg.MaxFields}, nil
	}
	return nil, errors.New("no parser is set")
}

// parseConditions takes paths with the context's name (log.body) and without (body).
func parseConditions(set component.TelemetrySettings, conditions []string) ([]*ottl.Condition[*ottllog.TransformContext], error) {
	if len(conditions) == 0 {
		return nil, nil
	}
	funcs := ottlfuncs.StandardConverters[*ottllog.TransformContext]()
	named, err := ottllog.NewParser(funcs, set, ottllog.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	plain, err := ottllog.NewParser(funcs, set)
	if err != nil {
		return nil, err
	}
	out := make([]*ottl.Condition[*ottllog.TransformContext], 0, len(conditions))
	var errs []error
	for _, c := range conditions {
		cond, err := plain.ParseCondition(c)
		if err != nil {
			var namedErr error
			if cond, namedErr = named.ParseCondition(c); namedErr != nil {
				if strings.Contains(c, "log.") {
					err = namedErr
				}
				errs = append(errs, err)
				continue
			}
		}
		out = append(out, cond)
	}
	return out, errors.Join(errs...)
}

// selects reports whether any condition holds. One that fails does not hold; the last such error is returned beside the answer.
func (r *rule) selects(ctx context.Context, tCtx *ottllog.TransformContext) (bool, error) {
	var last error
	for _, c := range r.conditions {
		ok, err := c.Eval(ctx, tCtx)
		if err != nil {
			last = err
			continue
		}
		if ok {
			return true, last
		}
	}
	return false, last
}

// text returns what the rule parses; ok is false if the record has no such text.
func (r *rule) text(lr plog.LogRecord) (text string, ok bool) {
	v := lr.Body()
	if r.from.attribute != "" {
		if v, ok = lr.Attributes().Get(r.from.attribute); !ok {
			return "", false
		}
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str(), true
	case pcommon.ValueTypeBytes:
		return string(v.Bytes().AsRaw()), true
	default: // structured already, or empty
		return "", false
	}
}

// parse fills s from the first parser that matches. If none does, the outcome is that of the parser that came furthest:
// no_match only if nothing else stood in the way.
func (r *rule) parse(text string, s *scratch) outcome {
	out := outcomeNoMatch
	for _, p := range r.parsers {
		s.reset()
		o := p.parse(text, s)
		if o == outcomeParsed {
			return o
		}
		if out == outcomeNoMatch {
			out = o
		}
	}
	return out
}

// apply puts what was captured on the record.
func (r *rule) apply(s *scratch, lr plog.LogRecord, fails []int64) {
	fails[failureType] += int64(s.badTypes)
	r.timestamp.apply(s.fields, lr, fails)
	r.severity.apply(s.fields, lr, fails)
	r.applyTrace(s.fields, lr, fails)
	attrs := lr.Attributes()
	attrs.Remove(errorAttribute)
	attrs.EnsureCapacity(attrs.Len() + s.fields.Len())
	for k, v := range s.fields.All() {
		if isReserved(k) {
			fails[failureReserved]++
			continue
		}
		dst, existed := attrs.GetOrPutEmpty(k)
		if !existed || r.overwrite {
			v.CopyTo(dst)
		}
	}
}

// isReserved reports attributes that say something about the record's way through the pipeline. A log line must not set
// them: it could make the query engine count it a thousand times, or take it for a copy of another.
func isReserved(key string) bool {
	return key == "log.record.uid" || key == "sampling.threshold" || strings.HasPrefix(key, "logboom.")
}
