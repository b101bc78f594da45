// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
)

// bench is a kind of line and how each engine is told to parse it. The regular expression captures what the grok pattern
// does, and is written as somebody who wants speed would write it: anchored, classes instead of .*?, no more groups than
// needed. Groups whose names end in _int or _float are converted.
type bench struct {
	name   string
	own    string // for Logboom
	hand   string // for Go's regexp
	goGrok string // for go-grok, with its own definitions
	line   func(*maker) string
	file   string // instead of line: the system of the corpora whose lines these are
}

const (
	handCommon = `(?P<address>[\w.:%-]+) (?:-|(?P<ident>[^ ]+)) (?:-|(?P<user>[^ ]+)) \[(?P<timestamp>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] ` +
		`"(?:(?P<method>\w+) (?P<url>[^ "]+)(?: HTTP/(?P<version>[\d.]+))?|[^"]*)" (?:-|(?P<status_int>\d+)) (?:-|(?P<size_int>\d+))`
	handCombined = handCommon + ` "(?:-|(?P<referrer>[^"]*))" "(?:-|(?P<agent>[^"]*))"`
	handISO      = `(?P<timestamp>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)`
	handLevel    = `(?P<level>[A-Za-z]+)`
	handText     = `(?P<message>(?s:.*))`
	grokISO      = `%{TIMESTAMP_ISO8601:timestamp}`
	grokRest     = `%{GREEDYDATA:message}`
	isoComma     = "2006-01-02 15:04:05,000"
	isoDot       = "2006-01-02T15:04:05.000Z"
)

// access is the line that everybody measures.
var access = bench{
	name: "HTTPD_COMBINEDLOG", own: `^%{HTTPD_COMBINEDLOG}`, hand: `^` + handCombined, goGrok: `^%{HTTPD_COMBINEDLOG}`, line: (*maker).combined,
}

// applications are formats of the library.
var applications = []bench{
	{
		name: "HTTPD_COMMONLOG", own: `^%{HTTPD_COMMONLOG}`, hand: `^` + handCommon, goGrok: `^%{HTTPD_COMMONLOG}`, line: (*maker).common,
	},
	{
		name: "NGINX_COMBINED_RT", own: `^%{NGINX_COMBINED_RT}`,
		hand:   `^` + handCombined + ` rt=(?:-|(?P<rt_float>[\d.]+)) rid="(?:-|(?P<rid>[^"]*))"`,
		goGrok: `^%{HTTPD_COMBINEDLOG} rt=(?:-|%{NUMBER:request_time:float}) rid="(?:-|%{DATA:request_id})"`,
		line: func(m *maker) string {
			return fmt.Sprintf(`%s rt=%.3f rid="%s"`, m.combined(), m.ExpFloat64(), m.hex(32))
		},
	},
	{
		name: "NGINX_ERROR", own: `^%{NGINX_ERROR}\z`,
		hand: `^(?P<timestamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<pid_int>\d+)#(?P<tid_int>\d+):(?: \*(?P<cid_int>\d+))? ` +
			`(?P<message>[^\n]*?(?:, client: (?P<client>[^\s,]+)[^\n]*?)?(?:, server: [^\n]*?)?(?:, request: "(?P<method>[A-Z]+) (?P<url>\S+)[^"\n]*"[^\n]*)?(?:\n(?s:.*))?)$`,
		goGrok: `^(?P<timestamp>%{YEAR}/%{MONTHNUM}/%{MONTHDAY} %{TIME}) \[%{WORD:level}\] %{INT:pid:int}#%{INT:tid:int}:(?: \*%{INT:cid:int})? ` +
			`(?P<message>%{DATA}(?:, client: %{IPORHOST:client}%{DATA})?(?:, server: %{DATA})?(?:, request: "%{WORD:method} %{NOTSPACE:url}[^"\n]*"%{GREEDYDATA})?)$`,
		line: func(m *maker) string {
			return fmt.Sprintf(`%s [%s] %d#%d: *%d open() "/srv%s" failed (2: No such file or directory), client: %s, server: %s, request: "%s", host: "%s"`,
				m.time("2006/01/02 15:04:05"), m.words("error warn crit"), m.IntN(32768), m.IntN(32768), m.IntN(1e6), m.path(), m.ip4(), m.host(), m.request(), m.host())
		},
	},
	{
		name: "APACHE_ERROR_24", own: `^%{APACHE_ERROR_24}`,
		hand: `^\[(?P<timestamp>\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] \[(?P<module>[\w-]+)?:(?P<level>[a-z]+\d?)\] \[pid (?P<pid_int>\d+)(?::tid (?P<tid_int>\d+))?\]` +
			`(?: \[client (?P<client>[\w.:-]+?)(?::(?P<port_int>\d+))?\])?(?: (?P<code>AH\d+):)? ?` + handText,
		goGrok: `^\[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:module})?:%{LOGLEVEL:level}\] \[pid %{POSINT:pid:int}(?::tid %{INT:tid:int})?\]` +
			`(?: \[client %{IPORHOST:client}(?::%{POSINT:port:int})?\])?(?: (?P<code>AH\d+):)? ` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf(`[%s] [%s:%s] [pid %d:tid %d] [client %s:%d] AH%05d: %s`, m.time("Mon Jan _2 15:04:05.000000 2006"), m.words("core proxy ssl authz_core mpm_event"),
				m.words("error warn notice info"), 1+m.IntN(32768), m.IntN(1e9), m.ip4(), 1024+m.IntN(60000), m.IntN(10000), m.text())
		},
	},
	{
		name: "LOG4J", own: `^%{LOG4J}`,
		hand:   `^` + handISO + ` +` + handLevel + ` +\[(?P<thread>[^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)*)\] +(?P<logger>[^\s:]+)(?:(?::(?P<line_int>\d+))? -|(?::(?P<line2_int>\d+))?:) ?` + handText,
		goGrok: `^` + grokISO + ` +%{LOGLEVEL:level} +\[(?P<thread>[^\]]*)\] +(?P<logger>[^\s:]+)(?: -|:) ?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s %-5s [%s] %s%s %s", m.time(isoComma), m.level(), m.thread(), m.class(), m.oneOf(":", " -"), m.text())
		},
	},
	{
		name: "LOGBACK", own: `^%{LOGBACK}`,
		hand:   `^(?:` + handISO + `|(?P<clock>\d\d:\d\d:\d\d(?:[.,]\d+)?)) +\[(?P<thread>[^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)*)\] +\[?` + handLevel + ` *\]? +(?P<logger>[^\s:]+)(?: -|:) ?` + handText,
		goGrok: `^` + grokISO + ` +\[(?P<thread>[^\]]*)\] +%{LOGLEVEL:level} +(?P<logger>[^\s:]+)(?: -|:) ?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s [%s] %-5s %s - %s", m.time("2006-01-02 15:04:05.000"), m.thread(), m.level(), m.class(), m.text())
		},
	},
	{
		name: "SPRING_BOOT", own: `^%{SPRING_BOOT}`,
		hand: `^` + handISO + ` +` + handLevel + ` (?P<pid_int>\d+) --- (?:\[(?P<service>[^\]\s]+)\] )?\[ *(?P<thread>[^\]]*?)\](?: \[(?:(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})|[ 0-9a-f-]*)\])? *` +
			`(?P<logger>\S+) *: ?` + handText,
		goGrok: `^` + grokISO + ` +%{LOGLEVEL:level} %{INT:pid:int} --- (?:\[(?P<service>[^\]\s]+)\] )?\[ *(?P<thread>[^\]]*?)\](?: \[(?:(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})|[ 0-9a-f-]*)\])? *` +
			`%{NOTSPACE:logger} *: ?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s %5s %d --- [%s] [%15s] [%s-%s] %-40s : %s", m.time(isoDot), m.level(), m.IntN(32768), m.word(), m.thread(), m.hex(32), m.hex(16), m.class(), m.text())
		},
	},
	{
		name: "KAFKA", own: `^%{KAFKA}`,
		hand:   `^\[` + handISO + `\] ` + handLevel + ` (?P<message>[^\n]*?) \((?P<logger>[\w$-]+(?:\.[\w$-]+)+)(?::(?P<line_int>\d+))?\)(?P<stack>\n(?s:.*))?`,
		goGrok: `^\[` + grokISO + `\] %{LOGLEVEL:level} %{DATA:message} \((?P<logger>[\w$-]+(?:\.[\w$-]+)+)\)`,
		line: func(m *maker) string {
			return fmt.Sprintf("[%s] %s [Partition %s-%d broker=%d] %s (%s)", m.time(isoComma), m.level(), m.word(), m.IntN(64), m.IntN(9), m.text(), m.class())
		},
	},
	{
		name: "ELASTICSEARCH", own: `^%{ELASTICSEARCH}`,
		hand:   `^\[` + handISO + `\]\[` + handLevel + ` *\]\[(?P<logger>[^\]\s]+) *\](?: \[(?P<node>[\w.-]+)\])? ?` + handText,
		goGrok: `^\[` + grokISO + `\]\[%{LOGLEVEL:level} *\]\[(?P<logger>[^\]\s]+) *\](?: \[(?P<node>[\w.-]+)\])? ?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("[%s][%-5s][o.e.n.%-20s] [node-%d] %s", m.time("2006-01-02T15:04:05,000"), m.level(), m.word(), m.IntN(30), m.text())
		},
	},
	{
		name: "PYTHON_LOGGING", own: `^%{PYTHON_LOGGING}`,
		hand:   `^` + handISO + ` - (?P<logger>\S+) - ` + handLevel + ` - (?:\[(?:-|(?P<rid>[\w-]+))\] )?` + handText,
		goGrok: `^` + grokISO + ` - %{NOTSPACE:logger} - %{LOGLEVEL:level} - (?:\[(?:-|(?P<rid>[\w-]+))\] )?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s - %s.%s - %s - %s%s", m.time(isoComma), m.word(), m.word(), m.words("INFO DEBUG WARNING ERROR"), m.oneOf("", "[-] ", "["+m.hex(12)+"] "), m.text())
		},
	},
	{
		name: "KLOG", own: `^%{KLOG}`,
		hand:   `^(?P<level>[IWEF])(?P<timestamp>\d{4} \d\d:\d\d:\d\d\.\d{6}) +(?P<thread_int>\d+) (?P<caller>[^\]\s]+:\d+)\] ?` + handText,
		goGrok: `^(?P<level>[IWEF])(?P<timestamp>\d{4} %{TIME}) +%{INT:thread:int} (?P<caller>[^\]\s]+:\d+)\] ?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s%s %7d %s.go:%d] %s", m.words("I I I W E"), m.time("0102 15:04:05.000000"), 1+m.IntN(400), m.word(), m.IntN(2000), m.text())
		},
	},
	{
		name: "ZAP_CONSOLE", own: `^%{ZAP_CONSOLE}`,
		hand:   `^` + handISO + "\t" + handLevel + "\t(?:(?:(?P<logger>[\\w./-]+)\t)?(?P<caller>[\\w./@-]+:\\d+)\t)?" + handText,
		goGrok: `^` + grokISO + "\t%{LOGLEVEL:level}\t(?:(?:(?P<logger>[\\w./-]+)\t)?(?P<caller>[\\w./@-]+:\\d+)\t)?" + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s/%s.go:%d\t%s\t{\"%s\": %d}", m.time("2006-01-02T15:04:05.000Z0700"), m.level(), m.word(), m.word(), m.word(), m.IntN(900), m.text(), m.word(), m.IntN(1e6))
		},
	},
	{
		name: "SYSLOG_LINE", own: `^%{SYSLOG_LINE}`,
		hand: `^(?:<(?P<pri_int>\d{1,3})>)?(?P<timestamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?) ` +
			`(?P<host>\S+) (?P<program>[^\[:]+?)(?:\[(?P<pid_int>\d+)\])?: ` + handText,
		goGrok: `^(?:<%{INT:pri:int}>)?(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{NOTSPACE:host} (?P<program>[^\[:]+?)(?:\[%{INT:pid:int}\])?: ` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s%s %s %s[%d]: %s", m.oneOf("", "<"+m.number(192)+">"), m.time("Jan _2 15:04:05"), m.host(), m.words("sshd cron systemd kernel postfix/smtpd dhcpd"), m.IntN(32768), m.text())
		},
	},
	{
		name: "SYSLOG_5424", own: `^%{SYSLOG_5424}`,
		hand: `^<(?P<pri_int>\d{1,3})>(?P<version_int>\d{1,2}) (?:-|(?P<timestamp>\S+)) (?:-|(?P<host>\S+)) (?:-|(?P<app>\S+)) (?:-|(?P<pid>\S+)) (?:-|(?P<msgid>\S+)) ` +
			`(?:-|(?P<sd>(?:\[(?:"(?:\\.|[^\\"])*"|[^"\]])*\])+))(?: (?P<message>(?s:.*)))?`,
		goGrok: `^<%{INT:pri:int}>%{INT:version:int} (?:-|%{NOTSPACE:timestamp}) (?:-|%{NOTSPACE:host}) (?:-|%{NOTSPACE:app}) (?:-|%{NOTSPACE:pid}) (?:-|%{NOTSPACE:msgid}) ` +
			`(?:-|(?P<sd>(?:\[(?:"(?:\\.|[^\\"])*"|[^"\]])*\])+))(?: %{GREEDYDATA:message})?`,
		line: func(m *maker) string {
			return fmt.Sprintf(`<%d>1 %s %s %s %d ID%d %s %s`, m.IntN(192), m.time("2006-01-02T15:04:05.000000Z"), m.host(), m.word(), m.IntN(32768), m.IntN(99),
				m.oneOf("-", fmt.Sprintf(`[%s@32473 %s="%d" b="a\"b"]`, m.word(), m.word(), m.IntN(99))), m.text())
		},
	},
	{
		name: "REDIS", own: `^%{REDIS}`,
		hand:   `^(?:(?P<pid_int>\d+):(?P<role>[XCSMR])|\[(?P<pid2_int>\d+)\]) (?P<timestamp>\d\d \w{3}(?: \d{4})? \d\d:\d\d:\d\d(?:[.,:]\d{1,9})?) (?:(?P<level>[.*#])|-) ` + handText,
		goGrok: `^%{INT:pid:int}:(?P<role>[XCSMR]) (?P<timestamp>%{MONTHDAY} %{MONTH}(?: \d{4})? %{TIME}) (?:(?P<level>[.*#])|-) ` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%d:%s %s %s %s", 1+m.IntN(32768), m.words("M C S"), m.time("02 Jan 2006 15:04:05.000"), m.words("* # - ."), m.text())
		},
	},
	{
		name: "POSTGRESQL_LINE", own: `^%{POSTGRESQL_LINE}`,
		hand: `^(?P<timestamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<zone>[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?) (?:\[(?P<pid_int>\d+)(?:-\d+)?\]):? ?(?:\[?(?P<user>[\w.$-]*)\]?@\[?(?P<database>[\w.$-]*)\]? )?` +
			`(?P<level>DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT):? +(?:(?P<code>[0-9A-Z]{5}): +)?` + handText,
		goGrok: `^(?P<timestamp>%{TIMESTAMP_ISO8601}) (?P<zone>[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?) (?:\[%{INT:pid:int}(?:-\d+)?\]):? ?(?:\[?(?P<user>[\w.$-]*)\]?@\[?(?P<database>[\w.$-]*)\]? )?` +
			`%{WORD:level}: +` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s UTC [%d] %s%s:  %s", m.time("2006-01-02 15:04:05.000"), 1+m.IntN(32768), m.oneOf("", m.word()+"@"+m.word()+" "), m.words("LOG LOG ERROR WARNING"), m.text())
		},
	},
	{
		name: "GIN_ACCESS", own: `^%{GIN_ACCESS}`,
		hand: `^\[GIN\] (?P<timestamp>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \|(?:\x1b\[[\d;]*m)? *(?P<status_int>\d+) *(?:\x1b\[[\d;]*m)?\| *(?P<duration>[\d.]+\S{1,3}) \| *(?P<client>[\w.:%-]+) \|` +
			`(?:\x1b\[[\d;]*m)? *(?P<method>\w+) *(?:\x1b\[[\d;]*m)? *"?(?P<url>[^"\s]*)"?`,
		goGrok: `^\[GIN\] (?P<timestamp>%{YEAR}/%{MONTHNUM}/%{MONTHDAY} - %{TIME}) \| *%{INT:status:int} *\| *(?P<duration>[\d.]+\S{1,3}) \| *%{IPORHOST:client} \| *%{WORD:method} *"?(?P<url>[^"\s]*)"?`,
		line: func(m *maker) string {
			return fmt.Sprintf(`[GIN] %s | %s | %12s | %15s | %-7s "%s"`, m.time("2006/01/02 - 15:04:05"), m.status(), fmt.Sprintf("%.3fms", m.ExpFloat64()), m.ip4(), m.method(), m.path())
		},
	},
	{
		name: "CLICKHOUSE", own: `^%{CLICKHOUSE}`,
		hand:   `^(?P<timestamp>\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d(?:[.,:]\d+)?) (?:\[(?P<host>[^\]\s]+)\] )?\[ (?P<thread_int>\d+) \] \{(?P<query>[^}]*)\} <(?P<level>\w+)> (?:(?P<logger>[^:\n]+): )?` + handText,
		goGrok: `^(?P<timestamp>\d{4}\.\d\d\.\d\d %{TIME}) (?:\[(?P<host>[^\]\s]+)\] )?\[ %{INT:thread:int} \] \{(?P<query>[^}]*)\} <%{WORD:level}> (?:(?P<logger>[^:\n]+): )?` + grokRest,
		line: func(m *maker) string {
			return fmt.Sprintf("%s [ %d ] {%s-%s} <%s> %s: %s", m.time("2006.01.02 15:04:05.000000"), 1+m.IntN(9999), m.hex(8), m.hex(12), m.words("Information Debug Trace Error"), m.words("executeQuery MemoryTracker DiskLocal"), m.text())
		},
	},
	{
		name: "RUBY_LINE", own: `^%{RUBY_LINE}`,
		hand:   `^(?P<level>[DIWEFA]), \[` + handISO + ` #(?P<pid_int>\d+)\] +(?:DEBUG|INFO|WARN|ERROR|FATAL|ANY) -- (?P<logger>[^:\n]*): ?` + handText,
		goGrok: `^(?P<level>[DIWEFA]), \[` + grokISO + ` #%{INT:pid:int}\] +(?:DEBUG|INFO|WARN|ERROR|FATAL|ANY) -- (?P<logger>[^:\n]*): ?` + grokRest,
		line: func(m *maker) string {
			l := m.words("INFO WARN ERROR")
			return fmt.Sprintf("%s, [%s #%d] %5s -- %s: %s", l[:1], m.time("2006-01-02T15:04:05.000000"), m.IntN(32768), l, m.oneOf("", m.word()), m.text())
		},
	},
}

// systems are the log systems of the corpora, whose lines are read from there.
var systems = []bench{
	{
		name: "Apache", file: "Apache", own: `^%{APACHE_ERROR}`,
		hand:   `^\[(?P<timestamp>\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] \[(?:\w+:)?(?P<level>\w+)\] (?P<message>(?:\[client (?P<client>[\w.:-]+?)(?::(?P<port_int>\d+))?\] )?(?s:.*))`,
		goGrok: `^\[%{HTTPDERROR_DATE:timestamp}\] \[%{WORD:level}\] (?P<message>(?:\[client %{IPORHOST:client}(?::%{INT:port:int})?\] )?.*)`,
	},
	{
		name: "HDFS", file: "HDFS", own: `^%{HDFS}`,
		hand:   `^(?P<timestamp>\d{6} \d{6}) (?P<pid_int>\d+) ` + handLevel + ` (?P<logger>[\w.$-]+): ?` + handText,
		goGrok: `^(?P<timestamp>\d{6} \d{6}) %{INT:pid:int} %{LOGLEVEL:level} (?P<logger>[\w.$-]+): ?` + grokRest,
	},
	{
		name: "Hadoop", file: "Hadoop", own: `^%{LOG4J}`,
		hand:   `^` + handISO + ` +` + handLevel + ` +\[(?P<thread>[^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)*)\] +(?P<logger>[^\s:]+)(?:(?::(?P<line_int>\d+))? -|(?::(?P<line2_int>\d+))?:) ?` + handText,
		goGrok: `^` + grokISO + ` +%{LOGLEVEL:level} +\[(?P<thread>.*?)\] +(?P<logger>[^\s:]+)(?: -|:) ?` + grokRest,
	},
	{
		name: "Linux", file: "Linux", own: `^%{SYSLOG_BSD}`,
		hand:   `^(?P<timestamp>\w{3} [ \d]?\d \d\d:\d\d:\d\d) (?P<host>[\w.:@%~/+#-]+) +(?:(?P<program>[^\s\[:][^\[\]:\n]*?)(?:\[(?P<pid_int>\d+)\])?: ?)?` + handText,
		goGrok: `^%{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:host} (?:(?P<program>[^\s\[:][^\[\]:\n]*?)(?:\[%{INT:pid:int}\])?: ?)?` + grokRest,
	},
	{
		name: "OpenSSH", file: "OpenSSH", own: `^%{SYSLOG_LINE}`,
		hand:   `^(?P<timestamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<program>[^\[:]+?)(?:\[(?P<pid_int>\d+)\])?: ` + handText,
		goGrok: `^%{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:host} (?P<program>[^\[:]+?)(?:\[%{INT:pid:int}\])?: ` + grokRest,
	},
	{
		name: "OpenStack", file: "OpenStack", own: `^%{OPENSTACK}`,
		hand:   `^(?:(?P<file>\S+) )?` + handISO + ` (?P<pid_int>\d+) ` + handLevel + ` (?P<logger>\S+) (?:\[(?:(?:\S+ )?(?P<rid>req-[\w-]+)[^\]]*|[^\]]*)\] ?)?` + handText,
		goGrok: `^(?:%{NOTSPACE:file} )?` + grokISO + ` %{INT:pid:int} %{LOGLEVEL:level} %{NOTSPACE:logger} (?:\[(?:(?:\S+ )?(?P<rid>req-[\w-]+)[^\]]*|[^\]]*)\] ?)?` + grokRest,
	},
	{
		name: "Spark", file: "Spark", own: `^%{SPARK}`,
		hand:   `^(?P<timestamp>\d\d/\d\d/\d\d \d\d:\d\d:\d\d) ` + handLevel + ` +(?P<logger>[\w.$-]+): ?` + handText,
		goGrok: `^(?P<timestamp>%{YEAR}/%{MONTHNUM}/%{MONTHDAY} %{TIME}) %{LOGLEVEL:level} +(?P<logger>[\w.$-]+): ?` + grokRest,
	},
	{
		name: "Zookeeper", file: "Zookeeper", own: `^%{ZOOKEEPER}`,
		hand:   `^` + handISO + `(?: \[myid:(?P<myid>\d*)\])? - ` + handLevel + ` +\[(?P<thread>.*?):(?P<logger>[\w.$]*)@(?P<line_int>\d+)\] - ` + handText,
		goGrok: `^` + grokISO + `(?: \[myid:(?P<myid>\d*)\])? - %{LOGLEVEL:level} +\[(?P<thread>.*?):(?P<logger>[\w.$]*)@%{INT:line:int}\] - ` + grokRest,
	},
}

// formats are the patterns of the list that none of the strangers fits.
const formats = `NGINX_COMBINED_RT HTTPD_COMBINEDLOG HTTPD_COMMONLOG INGRESS_NGINX TRAEFIK_ACCESS WERKZEUG UVICORN_ACCESS UWSGI_ACCESS GIN_ACCESS ENVOY_ACCESS
	IIS_ACCESS ALB_ACCESS VPC_FLOW LAMBDA_REPORT HAPROXY_HTTP_LINE APACHE_ERROR_24 APACHE_ERROR NGINX_ERROR PHP_ERROR PHP_FPM LOG4J_MDC LOG4J LOGBACK
	SPRING_BOOT ZOOKEEPER SPARK HDFS KAFKA ELASTICSEARCH JBOSS SOLR JETTY JENKINS TOMCAT_CATALINA JVM_UNIFIED PYTHON_LOGGING PYTHON_BASIC LOGURU AIRFLOW
	CELERY GUNICORN STRUCTLOG FAIL2BAN OPENSTACK KLOG GLOG ZAP_CONSOLE RUBY_LINE MONOLOG RABBITMQ REDIS CLICKHOUSE SYSLOG_5424 CRI_LINE`
