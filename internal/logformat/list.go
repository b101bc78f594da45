// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import "slices"

// Formats returns the formats in the order in which they are tried.
func Formats() []Format { return slices.Clone(formats) }

// isoDate begins a text with 2026-01-15; shape says how such outlines are written.
const isoDate = "dddd-dd-dd"

// haproxyShape begins a time or an address, behind a priority or not, or RFC 5424's version and later the program.
const haproxyShape = "w|:|'<'D>u|'<'D>dddd-|'<'D>D'.'|'<'D>hhhh:|'<'D>:|'<'D>d ~'haproxy'"

// formats are in the order in which they are tried: what is special before what is common to many.
var formats = slices.Concat(structured, access, servers, java, python, golang, languages, databases, systems, common)

var structured = []Format{
	{Name: "json", Title: "JSON: pino, bunyan, zap, zerolog, slog, Serilog, Logback, MongoDB, Caddy …", Kind: JSON, shape: "{|_{|'" + byteOrderMark + "'"},
	{Name: "auditd", Title: "Linux audit daemon", Expression: `\A%{AUDITD}\z`, shape: "'type='|'node='", has: "msg=audit("},
	{Name: "logfmt", Title: "logfmt: logrus, go-kit, slog, Prometheus, Loki, InfluxDB, Heroku …", Kind: Logfmt, shape: "w|@|'<'d"},
}

var access = []Format{
	{Name: "ingress_nginx", Title: "ingress-nginx", Expression: `\A%{INGRESS_NGINX}\s*\z`, shape: "w|:", has: "] ["},
	{Name: "traefik_access", Title: "Traefik", Expression: `\A%{TRAEFIK_ACCESS}\s*\z`, shape: "w|:", has: "ms"},
	{Name: "nginx_combined_rt", Title: "nginx combined with rt= and rid=", Expression: `\A%{NGINX_COMBINED_RT}\s*\z`, shape: "w|:", has: " rt="},
	{Name: "combined", Title: "Apache, nginx and others: combined", Expression: `\A%{HTTPD_COMBINED_EXACT}\z`, shape: "w|:", has: "] \""},
	{Name: "combined_extended", Title: "combined and more behind it", Expression: `\A%{HTTPD_COMBINED_MORE}\s*\z`, shape: "w|:", has: "] \"", after: []string{"ingress_nginx", "traefik_access", "nginx_combined_rt", "combined"}},
	{Name: "combined_vhost", Title: "combined behind the virtual host", Expression: `\A%{HTTPD_VHOST_COMBINED}\s*\z`, shape: "w|'.'|-", has: "] \""},
	{Name: "common", Title: "Apache, Tomcat and others: common", Expression: `\A%{HTTPD_COMMON_EXACT}\z`, shape: "w|:", has: "] \""},
	{Name: "common_extended", Title: "common and more behind it", Expression: `\A%{HTTPD_COMMON_MORE}\s*\z`, shape: "w|:", has: "] \"", after: []string{"ingress_nginx", "traefik_access", "nginx_combined_rt", "combined", "combined_extended", "common"}},
	{Name: "common_loose", Title: "common or combined with an odd client or user", Expression: `\A%{HTTPD_LOOSE}\s*\z`, shape: "w|:|-", has: "] \"", general: true},
	{Name: "werkzeug", Title: "Python's http.server, Flask", Expression: `\A%{WERKZEUG}\s*\z`, shape: "w|:", has: "] \""},
	{Name: "uvicorn_access", Title: "uvicorn, requests", Expression: `\A%{UVICORN_ACCESS}\s*\z`, shape: "L:_", has: " - \""},
	{Name: "uwsgi", Title: "uWSGI", Expression: `\A%{UWSGI_ACCESS}\z`, shape: "['pid: '"},
	{Name: "gin", Title: "Gin", Expression: `\A%{GIN_ACCESS}\s*\z`, shape: "['GIN]'"},
	{Name: "envoy", Title: "Envoy, Istio", Expression: `\A%{ENVOY_ACCESS}\s*\z`, shape: "[<]_'\"'"},
	{Name: "envoy_log", Title: "Envoy's own log", Expression: `\A%{ENVOY_LINE}\z`, shape: "[<][d"},
	{Name: "haproxy_http", Title: "HAProxy, HTTP", Expression: `\A%{HAPROXY_HTTP_LINE}\s*\z`, shape: haproxyShape, has: "] "},
	{Name: "haproxy_tcp", Title: "HAProxy, TCP", Expression: `\A%{HAPROXY_TCP_LINE}\s*\z`, shape: haproxyShape, has: "] "},
	{Name: "squid", Title: "Squid", Expression: `\A%{SQUID3}\s*\z`, shape: "dddddddddd'.'ddd"},
	{Name: "iis", Title: "IIS, W3C extended", Expression: `\A%{IIS_ACCESS}\s*\z`, shape: "dddd-dd-dd dd:dd:dd ", has: " /"},
	{Name: "w3c_directive", Title: "lines that describe a W3C log", Expression: `\A%{W3C_DIRECTIVE}\z`, shape: "#u"},
	{Name: "aws_alb", Title: "Amazon application load balancer", Expression: `\A%{ALB_ACCESS}\z`, shape: "'http'|'h2 '|'grpc'|'ws'"},
	{Name: "aws_elb", Title: "Amazon classic load balancer", Expression: `\A%{ELB_ACCESS_LOG}`, shape: "dddd-dd-dd", has: "://"},
	{Name: "aws_s3", Title: "Amazon S3", Expression: `\A%{S3_ACCESS_LOG}`, shape: "w", has: "] "},
	{Name: "aws_cloudfront", Title: "Amazon CloudFront", Expression: `\A%{CLOUDFRONT_ACCESS_LOG}`, Layouts: []string{"2006-01-02\t15:04:05"}, shape: isoDate + "'\t'"},
	{Name: "aws_vpc_flow", Title: "Amazon VPC flow", Expression: `\A%{VPC_FLOW}\z`, shape: "D_", has: " eni-"},
	{Name: "aws_lambda", Title: "Amazon Lambda", Expression: `\A(?:%{LAMBDA_LINE}|%{LAMBDA_REPORT})\z`, shape: "<'\t'|[u|'START '|'END '|'REPORT '|'INIT_START '"},
}

var servers = []Format{
	{Name: "apache_error_24", Title: "Apache httpd's error log from 2.4 on", Expression: `\A%{APACHE_ERROR_24}\z`, shape: "[ull ull"},
	{Name: "apache_error", Title: "Apache httpd's error log before 2.4", Expression: `\A%{APACHE_ERROR}\z`, shape: "[ull ull", after: []string{"apache_error_24"}},
	{Name: "nginx_error", Title: "nginx's error log", Expression: `\A%{NGINX_ERROR}\z`, shape: "dddd/dd/dd dd:dd:dd ["},
	{Name: "php", Title: "PHP's error log", Expression: `\A(?:%{PHP_ERROR}|%{PHP_FPM})\z`, shape: "[dd-ull-dddd"},
	{Name: "monolog", Title: "Monolog: Laravel, Symfony", Expression: `\A%{MONOLOG}\z`, shape: "[<] w"},
}
