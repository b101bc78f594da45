// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
)

// retentionJSON says what is deleted when, as far as that is known here.
type retentionJSON struct {
	// Known: an archive_compactor of this process looks after this archive.
	Known    bool       `json:"known"`
	Text     string     `json:"text"`
	DryRun   bool       `json:"dry_run"`
	MaxAgeMS int64      `json:"max_age_ms"` // of records that no rule matches; 0: they stay
	Rules    []ruleJSON `json:"rules"`      // the first that matches a record counts
	Sizes    []sizeJSON `json:"sizes"`
	Holds    []holdJSON `json:"holds"`
}

type ruleJSON struct {
	Tenant      string `json:"tenant,omitempty"` // patterns with * and ?; without one: all
	Service     string `json:"service,omitempty"`
	MaxSeverity int32  `json:"max_severity,omitempty"` // and below; 0: all
	MaxAgeMS    int64  `json:"max_age_ms"`             // 0: they stay
	Text        string `json:"text"`
}

type sizeJSON struct {
	Tenant   string `json:"tenant,omitempty"`
	MaxBytes int64  `json:"max_bytes"`
	Text     string `json:"text"`
}

type holdJSON struct {
	Tenant  string `json:"tenant,omitempty"`
	Service string `json:"service,omitempty"`
	From    string `json:"from,omitempty"` // ns
	To      string `json:"to,omitempty"`
	Reason  string `json:"reason"`
	Text    string `json:"text"`
}

// retention asks the compactors of the process. With tenants it tells what concerns these, and nothing of others.
func (a *archiveQuery) retention(tenants []string) retentionJSON {
	out := retentionJSON{Rules: []ruleJSON{}, Sizes: []sizeJSON{}, Holds: []holdJSON{}}
	r, dryRun, ok := a.askRetention()
	if !ok {
		out.Text = "No archive_compactor of this process looks after this archive: what is deleted when is not known here."
		return out
	}
	if a.cfg.Tenants.Enabled {
		r = r.ForTenants(tenants)
	}
	out.Known, out.DryRun, out.MaxAgeMS = true, dryRun, r.MaxAge.Milliseconds()
	deletes := r.MaxAge > 0
	for _, rule := range r.Rules {
		one := ruleJSON{Tenant: rule.Tenant, Service: rule.Service, MaxSeverity: rule.MaxSeverity, MaxAgeMS: rule.MaxAge.Milliseconds()}
		one.Text = "records" + aboutText(rule.Tenant, rule.Service)
		if rule.MaxSeverity > 0 {
			one.Text += " of severity " + severityText(rule.MaxSeverity) + " and below"
		}
		one.Text += ": " + ageText(rule.MaxAge)
		deletes = deletes || rule.MaxAge > 0
		out.Rules = append(out.Rules, one)
	}
	for _, s := range r.Sizes {
		out.Sizes = append(out.Sizes, sizeJSON{s.Tenant, s.MaxBytes, fmt.Sprintf("at most %d MiB%s, the oldest objects go first", s.MaxBytes>>20, aboutText(s.Tenant, ""))})
	}
	for _, h := range r.Holds {
		one := holdJSON{Tenant: h.Tenant, Service: h.Service, Reason: h.Reason, Text: "kept whatever the rules say: " + h.String()}
		if !h.From.IsZero() {
			one.From = stamp(h.From.UnixNano())
		}
		if !h.To.IsZero() {
			one.To = stamp(h.To.UnixNano())
		}
		out.Holds = append(out.Holds, one)
	}
	switch {
	case !deletes && len(r.Sizes) == 0:
		out.Text = "Nothing is deleted for its age or size."
	case dryRun:
		out.Text = "Nothing is deleted: the rules are tried only (dry_run)."
	case r.MaxAge > 0:
		out.Text = "Records are " + ageText(r.MaxAge) + ", unless a rule says otherwise."
	default:
		out.Text = "Records stay, unless a rule says otherwise."
	}
	return out
}

// askRetention asks the extensions of the process which of them looks after the archive.
func (a *archiveQuery) askRetention() (r compactor.Retention, dryRun, ok bool) {
	identity, err := bucket.Identity(a.cfg.Bucket)
	if err != nil || a.host == nil {
		return r, false, false
	}
	for _, e := range a.host.GetExtensions() {
		teller, tells := e.(compactor.RetentionTeller)
		if !tells {
			continue
		}
		if r, dryRun, ok = teller.TellRetention(identity); ok {
			return r, dryRun, true
		}
	}
	return r, false, false
}

func aboutText(tenant, service string) string {
	var text strings.Builder
	for _, part := range []struct{ name, value string }{{"tenant", tenant}, {"service", service}} {
		if part.value != "" {
			fmt.Fprintf(&text, " of %s %q", part.name, part.value)
		}
	}
	return text.String()
}

// severityText names a severity by its level where it is the highest number of one.
func severityText(number int32) string {
	if number%4 == 0 {
		return archivesource.Level(&archive.Record{SeverityNumber: number})
	}
	return strconv.Itoa(int(number))
}

func ageText(age time.Duration) string {
	switch {
	case age == 0:
		return "kept for good"
	case age%day == 0 && age == day:
		return "deleted after 1 day"
	case age%day == 0:
		return "deleted after " + strconv.Itoa(int(age/day)) + " days"
	}
	return "deleted after " + age.String()
}
