// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

var systems = []Format{
	{Name: "cri", Title: "files of Kubernetes' container runtimes", Expression: `\A%{CRI_LINE}\z`, shape: "<' std'"},
	{Name: "cef", Title: "CEF (ArcSight)", Expression: `\A%{CEF}\z`, shape: "'CEF:'|'<'d|ull_d|dddd-dd-dd", has: "CEF:"},
	{Name: "leef", Title: "LEEF (QRadar)", Expression: `\A%{LEEF}\z`, shape: "'LEEF:'|'<'d|ull_d|dddd-dd-dd", has: "LEEF:"},
	{Name: "logcat", Title: "Android", Expression: `\A(?:%{LOGCAT}|%{LOGCAT_BRIEF})\z`, Layouts: []string{"01-02 15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05 -0700"}, shape: "dd-dd dd:dd:dd'.'|dddd-dd-dd dd:dd:dd'.'ddd|u/"},
	{Name: "windows_cbs", Title: "Windows: servicing (CBS), DISM, setup", Expression: `\A%{WINDOWS_CBS}\z`, shape: isoDate + "' 'dd:dd:dd', '"},
	{Name: "windows_update", Title: "Windows Update", Expression: `\A%{WINDOWS_UPDATE}\z`, shape: "dddd-dd-dd_dd:dd:dd|dddd/dd/dd_dd:dd:dd.dd"},
	{Name: "windows_firewall", Title: "Windows' firewall", Expression: `\A%{WINDOWS_FIREWALL}\z`, shape: "dddd-dd-dd dd:dd:dd 'ALLOW '|dddd-dd-dd dd:dd:dd 'DROP '|dddd-dd-dd dd:dd:dd 'OPEN'|dddd-dd-dd dd:dd:dd 'CLOSE '|dddd-dd-dd dd:dd:dd 'INFO-'"},
	{Name: "macos_unified", Title: "macOS: log show", Expression: `\A%{MACOS_UNIFIED}\z`, shape: "dddd-dd-dd dd:dd:dd'.'dddddd+dddd|dddd-dd-dd dd:dd:dd'.'dddddd-dddd"},
	{Name: "proxifier", Title: "Proxifier", Expression: `\A%{PROXIFIER}\z`, Layouts: []string{"01.02 15:04:05"}, shape: "[dd'.'dd dd:dd:dd]"},
	{Name: "health_app", Title: "time|component|process|text", Expression: `\A%{HEALTH_APP}\z`, Layouts: []string{"20060102-15:4:5"}, shape: "dddddddd-d"},
	{Name: "bluegene_ras", Title: "Blue Gene's RAS events", Expression: `\A%{BLUEGENE_RAS}\z`, shape: "- ddddddddd|uS ddddddddd"},
	{Name: "cluster_syslog", Title: "syslog of clusters, with alert category and epoch", Expression: `\A%{CLUSTER_SYSLOG}\z`, shape: "- ddddddddd|uS ddddddddd"},
	{Name: "cluster_state", Title: "states of a cluster's components", Expression: `\A%{CLUSTER_STATE}\z`, shape: "dS S S S ddddddddd"},
	{Name: "cisco", Title: "Cisco IOS, IOS XR, NX-OS, ASA", Expression: `\A%{CISCO_SYSLOG}\z`, shape: "'<'d|u|d|*|'.'|%|:", has: "%"},
	{Name: "syslog_5424", Title: "syslog, RFC 5424", Expression: `\A%{SYSLOG_5424}\z`, shape: "'<'d", after: []string{"haproxy_http", "haproxy_tcp", "cef", "leef", "cisco"}},
	{Name: "syslog", Title: "syslog, RFC 3164; /var/log, journalctl, macOS", Expression: `\A%{SYSLOG_BSD}\z`, shape: "'<'d|ull_d", after: []string{"haproxy_http", "haproxy_tcp", "cef", "leef", "cisco"}},
	{Name: "kernel", Title: "Linux kernel: dmesg", Expression: `\A%{KERNEL}\z`, shape: "[_d|[d|[ull|'<'d|'kern'|'user'|'daemon'|'syslog'", has: "[", after: []string{"apache_error", "apache_error_24"}},
	{Name: "xorg", Title: "Xorg", Expression: `\A%{XORG}\z`, shape: "[_D.ddd]|[D.ddd]"},
	{Name: "asctime", Title: "time as asctime writes it, then text: OpenVPN, vsftpd", Expression: `\A%{ASCTIME_LINE}\z`, shape: "ull ull_d"},
	{Name: "samba", Title: "Samba", Expression: `\A%{SAMBA}\z`, shape: "[dddd/dd/dd"},
	{Name: "bind9", Title: "BIND", Expression: `\A%{BIND9_LOG}\z`, shape: "dd-ull-dddd"},
	{Name: "asterisk", Title: "Asterisk", Expression: `\A%{ASTERISK}\z`, shape: "[<] u|[ull_d"},
	{Name: "zabbix", Title: "Zabbix", Expression: `\A%{ZABBIX}\z`, Layouts: []string{"20060102:150405"}, shape: "D:dddddddd:"},
	{Name: "libvirt", Title: "libvirt", Expression: `\A%{LIBVIRT}\z`, shape: "<: d"},
	{Name: "vmkernel", Title: "VMware ESXi's kernel", Expression: `\A%{VMKERNEL}\z`, shape: "< 'cpu'|< ul'('d"},
	{Name: "vmware", Title: "VMware's services", Expression: `\A(?:%{VMWARE}|%{VMWARE_ESXI})\z`, shape: "< L |< ul'('d", after: []string{"vmkernel"}},
	{Name: "dpkg", Title: "dpkg", Expression: `\A%{DPKG}\z`, shape: isoDate + "' 'dd:dd:dd' 'l"},
	{Name: "exim", Title: "Exim", Expression: `\A%{EXIM_LINE}\z`, shape: "< wwwwww-|< [d"},
	{Name: "nagios", Title: "Nagios", Expression: `\A%{NAGIOSLOGLINE}`, shape: "[dddddddddd]"},
}

// common is what many programs write, after what is special.
var common = []Format{
	{Name: "log4j_plain", Title: "Java: time, level, logger, text", Expression: `\A%{LOG4J_PLAIN}\z`, shape: "<_L_|<_[", after: []string{"hclog"}},
	{Name: "level_first", Title: "level, time, text", Expression: `\A%{LEVEL_FIRST_LINE}\z`, shape: "L|[L|[_L", general: true},
	{Name: "leveled", Title: "time, level, text", Expression: `\A(?:%{LEVELED_LINE}|%{LEVELED_LATE})\z`, shape: "<|[<|dS d|[d|dddddddddd'.'|dddddddd|ull u|ull d|[ull u|dd ull d|d ull d", general: true},
	{Name: "clock_leveled", Title: "time of day, level, text", Expression: `\A(?:%{CLOCK_LINE}|%{CLOCK_LEVEL_LINE})\z`, shape: "dd:dd:dd|[dd:dd:dd|L_dd:dd:dd|[L]_dd:dd:dd", general: true},
	{Name: "syslog_iso", Title: "syslog with an ISO time: rsyslog, journalctl", Expression: `\A%{SYSLOG_ISO}\z`, shape: "'<'ddS|dddd-dd-dd", has: ":", after: []string{"haproxy_http", "haproxy_tcp", "cef", "leef", "cisco", "vmkernel", "vmware"}},
	{Name: "docker", Title: "docker logs with times", Expression: `\A%{DOCKER_LINE}\z`, shape: "dddd-dd-ddTdd:dd:dd'.'dddddddddZ", general: true},
}
