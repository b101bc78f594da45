// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"

	"github.com/logboom/logboom/internal/tailsample"
)

// logConditions are satisfied by log records that satisfy any of them. One that ends in an error is counted.
type logConditions struct {
	any    []*ottl.Condition[*ottllog.TransformContext]
	errors *cell
}

// spanConditions are satisfied by spans that satisfy any of them.
type spanConditions struct {
	any    []*ottl.Condition[*ottlspan.TransformContext]
	errors *cell
}

func (c *compiler) ottl(cfg *OTTLConfig) (uint64, error) {
	if len(cfg.Logs) == 0 && len(cfg.Spans) == 0 {
		return 0, errors.New(" must have conditions under logs, spans or both, got none")
	}
	mask, _, err := c.bit("") // not shared, because errors are counted by policy
	if err != nil {
		return 0, err
	}
	var errs []error
	if len(cfg.Logs) > 0 {
		cond, err := c.logConditions("logs", c.policy, cfg.Logs)
		errs = append(errs, err)
		c.logs = append(c.logs, bit{mask, cond})
	}
	if len(cfg.Spans) > 0 {
		cond, err := c.spanConditions("spans", c.policy, cfg.Spans)
		errs = append(errs, err)
		c.spans = append(c.spans, bit{mask, cond})
	}
	return mask, errors.Join(errs...)
}

// logConditions takes paths with the context's name (log.body) and without (body), as the grok processor does.
func (c *compiler) logConditions(key, policy string, conditions []string) (condition, error) {
	funcs := ottlfuncs.StandardConverters[*ottllog.TransformContext]()
	plain, err := ottllog.NewParser(funcs, c.set)
	if err != nil {
		return nil, err
	}
	named, err := ottllog.NewParser(funcs, c.set, ottllog.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	parsed, err := parseConditions(key, conditions, plain.ParseCondition, named.ParseCondition)
	return &logConditions{parsed, c.errors(tailsample.Logs, policy)}, err
}

func (c *compiler) spanConditions(key, policy string, conditions []string) (condition, error) {
	funcs := ottlfuncs.StandardConverters[*ottlspan.TransformContext]()
	isRoot := ottlfuncs.NewIsRootSpanFactoryNew()
	funcs[isRoot.Name()] = isRoot
	plain, err := ottlspan.NewParser(funcs, c.set)
	if err != nil {
		return nil, err
	}
	named, err := ottlspan.NewParser(funcs, c.set, ottlspan.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	parsed, err := parseConditions(key, conditions, plain.ParseCondition, named.ParseCondition)
	return &spanConditions{parsed, c.errors(tailsample.Traces, policy)}, err
}

// parseConditions tries the parsers in their order; if none takes a condition, the error is the first one's.
func parseConditions[K any](key string, conditions []string, parsers ...func(string) (*ottl.Condition[K], error)) ([]*ottl.Condition[K], error) {
	var parsed []*ottl.Condition[K]
	var errs []error
	for i, text := range conditions {
		var first error
		for _, parse := range parsers {
			cond, err := parse(text)
			if err == nil {
				parsed, first = append(parsed, cond), nil
				break
			}
			if first == nil {
				first = err
			}
		}
		if first != nil {
			errs = append(errs, fmt.Errorf(": %s[%d] must be a condition in OTTL, got %q: %w", key, i, text, first))
		}
	}
	return parsed, errors.Join(errs...)
}

func (c *logConditions) holds(v *view) bool {
	tCtx := ottllog.NewTransformContextPtr(v.resourceLogs, v.scopeLogs, v.lr)
	defer tCtx.Close()
	return anyHolds(c.any, tCtx, c.errors)
}

func (c *spanConditions) holds(v *view) bool {
	tCtx := ottlspan.NewTransformContextPtr(v.resourceSpans, v.scopeSpans, v.span)
	defer tCtx.Close()
	return anyHolds(c.any, tCtx, c.errors)
}

// anyHolds counts errors and tells nothing else of them: they may quote the record.
func anyHolds[K any](conditions []*ottl.Condition[K], tCtx K, failed *cell) bool {
	for _, c := range conditions {
		ok, err := c.Eval(context.Background(), tCtx)
		if err != nil {
			failed.add(1)
		} else if ok {
			return true
		}
	}
	return false
}
