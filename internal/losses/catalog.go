// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package losses

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says what became of records.
type Kind string

// The kinds.
const (
	Dropped   Kind = "dropped"   // gone, and nobody has them
	Refused   Kind = "refused"   // not taken over: the sender still has them, or has lost them
	Failed    Kind = "failed"    // not delivered to one destination
	Thinned   Kind = "thinned"   // left out, and what is kept stands for them
	Sampled   Kind = "sampled"   // left out by a decision about their requests
	Diverted  Kind = "diverted"  // went another way
	Truncated Kind = "truncated" // shortened
	Redacted  Kind = "redacted"  // a part was masked
	Unparsed  Kind = "unparsed"  // kept as they came
	Deleted   Kind = "deleted"   // were in the archive, and are not any more
)

// Loss is a sum of what became of records, since the start of the process that tells it.
type Loss struct {
	// Component is class and name: processor/redact.
	Component string `json:"component"`
	Kind      Kind   `json:"kind"`
	Reason    string `json:"reason"`
	Records   int64  `json:"records"`
	// Services are those that lost most, where the metric tells whose records they were.
	Services []Share `json:"services,omitempty"`
	// Text is what that means, for people.
	Text string `json:"text"`
	URL  string `json:"url"` // who tells it
}

// Share is the part of a service.
type Share struct {
	Value   string `json:"value"`
	Records int64  `json:"records"`
}

// meaning is what a metric, or those of its series that have an attribute, stands for.
type meaning struct {
	component string // empty: class and the value of the attribute class, which names the component
	class     string
	kind      Kind
	// reason is the attribute that has the reason, or the reason itself after an equal sign.
	reason string
	// where are the values that an attribute must have for this meaning: name=value|value, or name!=value.
	where string
	text  string
}

// catalog has the metrics by name, without the suffix _total.
var catalog = map[string][]meaning{
	// the Collector's own
	"otelcol_receiver_refused_log_records": {{class: "receiver", kind: Refused, reason: "=pipeline refused", text: "not taken over from the sender, which got an error where its protocol has one"}},
	"otelcol_receiver_failed_log_records":  {{class: "receiver", kind: Failed, reason: "=receiver failed", text: "not taken over because of an error of the receiver itself"}},
	"otelcol_processor_refused_log_records": {{
		class: "processor", kind: Refused, reason: "=out of memory", text: "given back because the process is short of memory; the sender tries again",
	}},
	"otelcol_processor_dropped_log_records":       {{class: "processor", kind: Dropped, reason: "=dropped", text: "dropped by the processor"}},
	"otelcol_exporter_send_failed_log_records":    {{class: "exporter", kind: Failed, reason: "=send failed", text: "given up: the destination does not have them"}},
	"otelcol_exporter_enqueue_failed_log_records": {{class: "exporter", kind: Refused, reason: "=queue full", text: "not taken into the queue of the destination"}},
	// contrib
	"otelcol_processor_filter_logs_filtered": {{class: "processor", kind: Dropped, reason: "=filtered", text: "dropped by a condition of the configuration"}},
	"otelcol_processor_probabilistic_sampler_count_logs_sampled": {{
		component: "processor/probabilistic_sampler", kind: Sampled, reason: "policy", where: "sampled=false", text: "left out by chance",
	}},
	// ours
	"otelcol_processor_grok_records": {{
		component: "processor/grok", kind: Unparsed, reason: "outcome", where: "outcome!=parsed|not_selected", text: "kept as they came: no parser took them",
	}},
	"otelcol_processor_redact_dropped_items": {{component: "processor/redact", kind: Dropped, reason: "=drop_record", where: logs, text: "removed whole, because a finding's action is drop_record"}},
	"otelcol_processor_redact_findings": {{
		component: "processor/redact", kind: Redacted, reason: "detector", where: "action!=none|tag", text: "findings that were masked, hashed or removed; a record may have several",
	}},
	"otelcol_processor_redact_unscanned": {{component: "processor/redact", kind: Redacted, reason: "reason", text: "values that were masked unread, because a limit was reached"}},
	"otelcol_processor_request_sampling_dropped_items": {
		{component: "processor/request_sampling", kind: Sampled, reason: "reason", where: "reason=policy", text: "left out with their requests; counts are corrected by what is kept"},
		{component: "processor/request_sampling", kind: Dropped, reason: "reason", where: "reason!=policy", text: "held, and not taken by the next component"},
	},
	"otelcol_processor_request_sampling_refused_items": {{component: "processor/request_sampling", kind: Refused, reason: "=next component or limit", where: logs, text: "not taken over; the sender got an error"}},
	"otelcol_processor_spike_guard_over_items": {
		{component: "processor/spike_guard", kind: Thinned, reason: "outcome", where: "outcome=thinned|summarized", text: "over the budget of their service; what is kept stands for them, and counts are corrected"},
		{component: "processor/spike_guard", kind: Diverted, reason: "=over budget", where: "outcome=diverted", text: "over the budget of their service, marked to go another way"},
		{component: "processor/spike_guard", kind: Dropped, reason: "=over budget", where: "outcome=dropped", text: "over the budget of their service, and dropped"},
	},
	"otelcol_processor_spike_guard_lost_items":    {{component: "processor/spike_guard", kind: Dropped, reason: "reason", text: "notices and summaries that nobody took"}},
	"otelcol_processor_spike_guard_refused_items": {{component: "processor/spike_guard", kind: Refused, reason: "reason", text: "not taken over; the sender got an error"}},
	"otelcol_processor_spike_guard_truncated_items": {{
		component: "processor/spike_guard", kind: Truncated, reason: "=body too long", text: "giant bodies that were shortened",
	}},
	"otelcol_exporter_object_storage_dropped_records": {{component: "exporter/object_storage", kind: Dropped, reason: "reason", text: "accepted, and not written to the archive"}},
	"otelcol_exporter_object_storage_refused_records": {{component: "exporter/object_storage", kind: Refused, reason: "reason", text: "not taken over; the sender still has them"}},
	"otelcol_receiver_object_storage_records": {{
		component: "receiver/object_storage", kind: Dropped, reason: "outcome", where: "outcome!=delivered", text: "of a replay: left out",
	}},
	"otelcol_extension_archive_compactor_deleted_records": {{
		component: "extension/archive_compactor", kind: Deleted, reason: "reason", text: "deleted from the archive: by age, by size, or erased",
	}},
}

const logs = "otel_signal=logs"

// uptime is the metric that says how long a Collector runs, in seconds.
const uptime = "otelcol_process_uptime"

// labels are those of a series.
type labels []struct{ name, value string }

func (ls labels) get(name string) string {
	for _, l := range ls {
		if l.name == name {
			return l.value
		}
	}
	return ""
}

// holds reports whether the series is one that the meaning is about.
func (m *meaning) holds(ls labels) bool {
	if m.where == "" {
		return ls.get("otel_signal") != "traces" && ls.get("otel_signal") != "metrics"
	}
	name, values, _ := strings.Cut(m.where, "=")
	name, not := strings.CutSuffix(name, "!")
	is := slices.Contains(strings.Split(values, "|"), ls.get(name))
	return is != not && (strings.HasPrefix(m.where, "otel_signal") || ls.get("otel_signal") == "" || ls.get("otel_signal") == "logs")
}

// key is what makes a loss one of its own.
type key struct {
	component string
	kind      Kind
	reason    string
	text      string
}

// key is that of a series.
func (m *meaning) key(ls labels) key {
	l := key{component: m.component, kind: m.kind, text: m.text}
	if l.component == "" {
		l.component = m.class + "/" + ls.get(m.class)
		if ls.get(m.class) == "" {
			l.component = m.class + "/" + ls.get("filter") // contrib's filter names itself so
		}
	}
	if fixed, ok := strings.CutPrefix(m.reason, "="); ok {
		l.reason = fixed
	} else if l.reason = ls.get(m.reason); l.reason == "" {
		l.reason = "unknown"
	}
	return l
}

// order sorts what matters most first.
var order = []Kind{Dropped, Failed, Refused, Thinned, Sampled, Truncated, Diverted, Redacted, Unparsed, Deleted}

func compare(a, b Loss) int {
	return cmp.Or(
		cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(b.Records, a.Records),
		strings.Compare(a.Component, b.Component), strings.Compare(a.Reason, b.Reason), strings.Compare(a.URL, b.URL),
	)
}
