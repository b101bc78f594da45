// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import "slices"

// Formats returns the formats in the order in which they are tried.
func Formats() []Format { return slices.Clone(formats) }

var formats = []Format{
	{Name: "json", Title: "JSON", Kind: JSON},
	{Name: "logfmt", Title: "logfmt", Kind: Logfmt},
	{Name: "nginx_combined_rt", Expression: `\A%{NGINX_COMBINED_RT}`},
	{Name: "combined", Expression: `\A%{HTTPD_COMBINEDLOG}`},
	{Name: "log4j", Expression: `\A%{LOG4J_MDC}`},
	{Name: "python_logging", Expression: `\A%{PYTHON_LOGGING}`},
	{Name: "apache_error", Expression: `\A%{APACHE_ERROR}`},
	{Name: "zookeeper", Expression: `\A%{ZOOKEEPER}`},
	{Name: "openstack", Expression: `\A%{OPENSTACK}`},
	{Name: "klog", Expression: `\A%{KLOG}`},
	{Name: "spark", Expression: `\A%{SPARK}`, Layouts: []string{"06/01/02 15:04:05"}},
	{Name: "hdfs", Expression: `\A%{HDFS}`, Layouts: []string{"060102 150405"}},
	{Name: "syslog_5424", Expression: `\A%{SYSLOG_5424}`},
	{Name: "syslog", Expression: `\A%{SYSLOG_LINE}`},
}
