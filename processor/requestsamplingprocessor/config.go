// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the request_sampling: block. All pipelines that name the same component share what it holds and decides.
//
// What is held is passed on later, by a goroutine of the processor: the context of the batch it came with, and with it the
// client's metadata (headers, authentication), is not there any more.
type Config struct {
	// Correlation names attributes that tell the request of a record without a trace id: the first that the record, else its
	// resource, has. A record that has a trace id too links the two. The value alone counts, not the name of its attribute; one of 32
	// hexadecimal digits is a trace id.
	Correlation []string `mapstructure:"correlation"`
	// Wait is the longest time that a request is undecided, at most a day.
	Wait time.Duration `mapstructure:"wait"`
	// Idle is the time without a record after which a request is decided; 0 is off.
	Idle time.Duration `mapstructure:"idle"`
	// End says what ends a request.
	End EndConfig `mapstructure:"end"`
	// Policies decide: the first whose conditions a request satisfies. The last must have no condition.
	Policies []PolicyConfig `mapstructure:"policies"`
	// Keyless decides about each record that has neither a trace id nor a correlation attribute.
	Keyless KeylessConfig `mapstructure:"keyless"`
	// PolicyAttribute is the attribute of kept records that gets the policy's name; empty is none.
	PolicyAttribute string `mapstructure:"policy_attribute"`
	// MaxHeldMiB bounds the memory for what is held, with its bookkeeping. Beyond it the oldest requests are decided early.
	MaxHeldMiB int `mapstructure:"max_held_mib"`
	// MaxRequestMiB bounds what one request may hold; beyond it the request is decided.
	MaxRequestMiB int `mapstructure:"max_request_mib"`
	// DecisionCacheMiB bounds the memory for decisions that late records follow.
	DecisionCacheMiB int `mapstructure:"decision_cache_mib"`
	// Storage is a storage extension that keeps what is held over a restart. Without it a shutdown decides all requests.
	Storage *component.ID `mapstructure:"storage"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// EndConfig says what ends a request.
type EndConfig struct {
	// RootSpan lets the span without a parent end its request.
	RootSpan bool `mapstructure:"root_span"`
	// Conditions are OTTL conditions in the log context; a record that satisfies any ends its request.
	Conditions []string `mapstructure:"conditions"`
	// Grace is the time for what is late, after the end. Beyond Wait it has no effect.
	Grace time.Duration `mapstructure:"grace"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// PolicyConfig is one policy. All its conditions must hold, each by any record or span of the request.
type PolicyConfig struct {
	// Name is unique and stands in metrics.
	Name string `mapstructure:"name"`

	// Severity is the least severity of a log record: trace, debug, info, warn, error, fatal, each also followed by 2, 3 or 4.
	Severity string `mapstructure:"severity"`
	// Body looks for a text in the body of log records.
	Body *BodyConfig `mapstructure:"body"`
	// Attribute looks at an attribute of the record or span, else of its resource.
	Attribute *AttributeConfig `mapstructure:"attribute"`
	// Latency is about the time that a request took.
	Latency *LatencyConfig `mapstructure:"latency"`
	// HTTPStatus is about http.response.status_code, else http.status_code.
	HTTPStatus *HTTPStatusConfig `mapstructure:"http_status"`
	// GRPCStatus is about rpc.grpc.status_code, else rpc.response.status_code, else grpc.status_code.
	GRPCStatus *GRPCStatusConfig `mapstructure:"grpc_status"`
	// SpanStatus is the status of a span: error or ok.
	SpanStatus string `mapstructure:"span_status"`
	// Size is about the number of records and bytes of a request.
	Size *SizeConfig `mapstructure:"size"`
	// OTTL holds conditions in OTTL.
	OTTL *OTTLConfig `mapstructure:"ottl"`

	// Rate is the share of requests to keep, 0 to 1; nil is 1.
	Rate *float64 `mapstructure:"rate"`
	// Limit bounds what is kept by lowering the rate as needed.
	Limit LimitConfig `mapstructure:"limit"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// BodyConfig looks for a text in the strings of a body, at any depth. Exactly one of Contains and Regex is set.
type BodyConfig struct {
	// Contains are texts any of which must be there, upper and lower case as written.
	Contains []string `mapstructure:"contains"`
	// Regex is an expression in Go's syntax that must match somewhere.
	Regex string `mapstructure:"regex"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AttributeConfig looks at an attribute, or at the elements of one that is a list. Exactly one of Values, Regex, Bool, and Min
// and Max together is set.
type AttributeConfig struct {
	// Key is the name of the attribute.
	Key string `mapstructure:"key"`
	// Values are strings, numbers or booleans, one of which the attribute must have.
	Values []any `mapstructure:"values"`
	// Regex is an expression in Go's syntax that must match somewhere in a string.
	Regex string `mapstructure:"regex"`
	// Min and Max are the least and the greatest number; a string that is a number counts as one.
	Min *float64 `mapstructure:"min"`
	Max *float64 `mapstructure:"max"`
	// Bool is what a boolean, or a string "true" or "false", must be.
	Bool *bool `mapstructure:"bool"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LatencyConfig is about the time that a request took.
type LatencyConfig struct {
	// From says how it is measured: spans (also if empty) from the first start to the last end of spans, records from the first to
	// the last time of records and spans, attribute as the number that an attribute holds.
	From string `mapstructure:"from"`
	// Min is the least time.
	Min time.Duration `mapstructure:"min"`
	// Attribute holds a number of Unit, which is ns, us, ms or s.
	Attribute string `mapstructure:"attribute"`
	Unit      string `mapstructure:"unit"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HTTPStatusConfig is a range of status codes; 0 leaves a side open.
type HTTPStatusConfig struct {
	Min int `mapstructure:"min"`
	Max int `mapstructure:"max"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// GRPCStatusConfig is a set of status codes.
type GRPCStatusConfig struct {
	// Codes are names as UNAVAILABLE or numbers as 14.
	Codes []any `mapstructure:"codes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SizeConfig is about the size of a request. If both are set, both must be reached.
type SizeConfig struct {
	// MinRecords is the least number of records and spans.
	MinRecords int64 `mapstructure:"min_records"`
	// MinMiB is the least size, encoded as OTLP.
	MinMiB float64 `mapstructure:"min_mib"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// OTTLConfig holds conditions any of which must hold, for one record or span. One that ends in an error does not hold.
type OTTLConfig struct {
	Logs  []string `mapstructure:"logs"`
	Spans []string `mapstructure:"spans"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LimitConfig bounds what a policy keeps; 0 is no limit.
type LimitConfig struct {
	// RecordsPerSecond counts log records and spans.
	RecordsPerSecond float64 `mapstructure:"records_per_second"`
	// BytesPerSecond counts them encoded as OTLP.
	BytesPerSecond float64 `mapstructure:"bytes_per_second"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// KeylessConfig decides about records without a key, each by itself.
type KeylessConfig struct {
	// Rate is the share of records to keep, 0 to 1.
	Rate float64 `mapstructure:"rate"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)
