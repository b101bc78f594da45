// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

// The names under which loggers print the severity. Words come before numbers, and syslog's priority last: a level in the text
// says more.
var severityNames = []string{
	"level", "severity", "log.level", "loglevel", "log_level", "logLevel", "lvl", "levelname", "level_name", "severity_text", "severityText",
	"SeverityText", "Level", "Severity", "LogLevel", "levelName", "levelStr", "@level", "@l", "log.severity", "vmware.level", "log.syslog.severity.name", "syslog.severity.name", "syslog.severity", "syslog_severity",
	"levelno", "level_value", "severity_number", "severityNumber", "SeverityNumber",
	"log.syslog.severity.code", "syslog.severity.code", "syslog_severity_code", "syslog.priority", "log.syslog.priority", "syslog_pri",
	"syslog5424_pri", "priority", "PRIORITY", "cisco.severity", "cef.severity", "s",
}
