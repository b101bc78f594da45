// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

// wireSamples are lines as devices and servers send them, with the headers that relays put before them.
var wireSamples = []sample{
	{"cisco", `Oct 10 13:55:36 sw1 45: *Oct 10 13:55:35.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up`, []string{"timestamp=Oct 10 13:55:36", "host.name=sw1", "cisco.timestamp=Oct 10 13:55:35.123", "cisco.sequence=45", "cisco.facility=LINK", "cisco.severity=3", "event.code=UPDOWN", "message=Interface Gi0/1, changed state to up"}},
	{"cisco", `Oct 10 13:55:36 10.0.0.1 %ASA-6-302013: Built outbound TCP connection`, []string{"host.name=10.0.0.1", "cisco.facility=ASA", "cisco.severity=6", "event.code=302013"}},
	{"cisco", `Oct 10 13:55:36 10.0.0.1 : Oct 10 13:55:36 UTC: %ASA-session-6-302015: Built inbound`, []string{"host.name=10.0.0.1", "cisco.facility=ASA", "event.code=302015"}},
	{"cisco", `<189>Oct 10 13:55:36 10.0.0.2 71: sw2: Oct 10 13:55:36.1 CEST: %SYS-5-CONFIG_I: Configured`, []string{"syslog.priority=189", "host.name=10.0.0.2", "cisco.device=sw2", "message=Configured"}},
	{"cisco", `<166>1 2026-01-15T12:00:00Z fw1 - - - - %ASA-6-302013: Built`, []string{"host.name=fw1", "timestamp=2026-01-15T12:00:00Z", "event.code=302013", "message=Built"}},
	{"cisco", `<189>1 2026-01-15T12:00:00.003Z sw1 45 - - - *Jan 15 12:00:00.001: %LINK-3-UPDOWN: up`, []string{"host.name=sw1", "event.code=UPDOWN"}},
	{"cisco", `<166>2026-01-15T12:00:00Z fw1 : %ASA-4-106023: Deny tcp`, []string{"timestamp=2026-01-15T12:00:00Z", "host.name=fw1", "cisco.severity=4"}},
	{"cisco", `2026-01-15T12:00:00.123456+01:00 fw1 %ASA-4-106023: Deny tcp`, []string{"timestamp=2026-01-15T12:00:00.123456+01:00", "host.name=fw1", "message=Deny tcp"}},
	{"cisco", `%ASA-3-710003: TCP access denied`, []string{"cisco.severity=3", "message=TCP access denied"}},
	{"cisco", `*Mar  1 00:00:05.123: %LINEPROTO-5-UPDOWN: down`, []string{"timestamp=Mar  1 00:00:05.123"}},
	{"cisco", `<189>45: 1w2d: %SYS-5-RESTART: up`, []string{"cisco.sequence=45", "event.code=RESTART"}},
	{"cisco", `<187>31: RP/0/RSP0/CPU0:Jan 15 12:00:00.123 UTC: ifmgr[257]: %PKT_INFRA-LINK-3-UPDOWN : Interface down`, []string{"cisco.facility=PKT_INFRA", "process.name=ifmgr", "event.code=UPDOWN", "message=Interface down"}},
	{"cisco", `<189>: 2026 Jan 15 12:00:00 UTC: %ETHPORT-5-IF_UP: Interface up`, []string{"timestamp=2026 Jan 15 12:00:00"}},

	{"syslog", `<14>Oct 10 13:55:36 PA-VM 1,2023/10/10 13:55:36,0018,TRAFFIC,end,2305,,10.0.0.1`, []string{"host.name=PA-VM", "message=1,2023/10/10 13:55:36,0018,TRAFFIC,end,2305,,10.0.0.1"}},
	{"syslog", `Jan 15 12:00:00 web1 ERROR: no room`, []string{"level=ERROR", "message=ERROR: no room"}},
	{"syslog", `Jan 15 12:00:00 web1 2026-01-15 12:00:00,123 ERROR no room`, []string{"level=ERROR", "message=2026-01-15 12:00:00,123 ERROR no room"}},
	{"syslog", `Jan 15 12:00:00 web1 100% of disk: full`, []string{"message=100% of disk: full"}},
	{"syslog", `Jan 15 12:00:00 web1 a,b: c`, []string{"message=a,b: c"}},
	{"syslog", `Jan 15 12:00:00 web1 50-motd-news[71]: up`, []string{"process.name=50-motd-news", "message=up"}},
	{"syslog", `Jan 15 12:00:00 web1 (systemd)[71]: up`, []string{"process.name=(systemd)"}},
	{"syslog", `Jan 15 12:00:00 web1 /usr/sbin/cron: up`, []string{"process.name=/usr/sbin/cron"}},

	{"cef", `Jan 15 12:00:00 wall1 CEF:0|Vendor|Wall|1.0|100|worm stopped|10|src=192.0.2.10`, []string{"host.name=wall1", "observer.vendor=Vendor", "message=worm stopped"}},
	{"cef", `<13>1 2026-01-15T12:00:00Z wall1 app - - - CEF:0|Vendor|Wall|1.0|100|worm stopped|10|`, []string{"host.name=wall1", "event.code=100"}},
	{"leef", `<13>Jan 15 12:00:00 wall1 LEEF:2.0|Vendor|Wall|1.0|100|^|src=192.0.2.10^dst=198.51.100.9`, []string{"leef.delimiter=^", "message=src=192.0.2.10^dst=198.51.100.9"}},
	{"leef", `LEEF:2.0|Vendor|Wall|1.0|100|x09|src=192.0.2.10`, []string{"leef.delimiter=x09", "message=src=192.0.2.10"}},
	{"leef", `LEEF:2.0|Vendor|Wall|1.0|100|src=192.0.2.10`, []string{"message=src=192.0.2.10"}},

	{"vmware", `2026-01-15T12:00:00.123Z In(166) Hostd[2099]: [Originator@6876 sub=Default] up`, []string{"level=In(166)", "syslog.priority=166", "process.name=Hostd", "process.pid=2099", "vmware.origin=Originator@6876 sub=Default", "message=up"}},
	{"vmware", `2026-01-15T12:00:00.123Z Er(11) vobd: late`, []string{"level=Er(11)", "process.name=vobd"}},
	{"vmkernel", `2026-01-15T12:00:00.123Z Wa(180) vmkernel: cpu3:2097220)NMP: late`, []string{"level=Wa(180)", "vmware.cpu=3", "process.thread.id=2097220", "message=NMP: late"}},
	{"vmkernel", `2026-01-15T12:00:00.123Z No(181) vmkernel: up`, []string{"level=No(181)", "message=up"}},

	{"combined_extended", `192.0.2.10 - - [15/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.5" 713 5120`, []string{"extra=713 5120"}},
	{"common_extended", `192.0.2.10 - - [15/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 rt=2`, []string{"request_time=2"}},
	{"common_extended", `192.0.2.10 - - [15/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 0.031 713`, []string{"request_time=0.031", "extra=713"}},
	{"common_loose", `- - - [15/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-" 713`, []string{"extra=713"}},
	{"ingress_nginx", `192.0.2.10 - - [15/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 400 150 "-" "curl" 123 0.005 [] [] - - - -`, []string{"http.request.bytes=123", "request_time=0.005"}},
	{"ingress_nginx", `192.0.2.10 - - [15/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 150 "-" "curl" 123 0.005 [shop-web-80] [] 10.0.0.7:8080, 10.0.0.8:8080 0, 5 0.001, 0.004 502, 200`, []string{"kubernetes.service=shop-web-80", "upstream.status=502, 200"}},

	{"haproxy_http", `<134>Jan 15 12:00:00 haproxy[71]: 192.0.2.10:54321 [15/Jan/2026:12:00:00.123] fe be/app1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"`, []string{"syslog.priority=134", "process.name=haproxy", "process.pid=71", "source.address=192.0.2.10", "source.port=54321", "haproxy.server_name=app1", "http.response.status_code=200"}},
	{"haproxy_http", `<134>1 2026-01-15T12:00:00.003Z lb1 haproxy 71 - - 192.0.2.10:54321 [15/Jan/2026:12:00:00.123] fe be/app1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"`, []string{"host.name=lb1", "http.response.status_code=200"}},
	{"haproxy_http", `2026-01-15T12:00:00.123456+01:00 lb1 haproxy[71]: 192.0.2.10:54321 [15/Jan/2026:12:00:00.123] fe be/<NOSRV> 10/-1/-1/-1/109 503 2750 - - SC-- 1/1/1/1/0 0/0 "GET / HTTP/1.1"`, []string{"host.name=lb1", "http.response.status_code=503"}},
	{"haproxy_tcp", `<134>Jan 15 12:00:00 haproxy[71]: 192.0.2.10:54321 [15/Jan/2026:12:00:00.123] fe be/app1 0/0/5007 212 -- 0/0/0/0/3 0/0`, []string{"process.pid=71", "source.port=54321", "source.bytes=212"}},
	{"haproxy_tcp", `192.0.2.10:54321 [15/Jan/2026:12:00:00.123] fe be/app1 0/0/5007 212 -- 0/0/0/0/3 0/0`, []string{"haproxy.frontend_name=fe", "source.bytes=212"}},

	{"apache_error_24", `[Thu Jan 15 12:00:00.123456 2026] [proxy:error] [pid 1:tid 2] (111)Connection refused: [client 192.0.2.10:54321] AH00957: HTTP: attempt to connect failed`, []string{"apache.error.proxy.error.code=111", "apache.error.proxy.error.message=Connection refused", "source.address=192.0.2.10", "source.port=54321", "error.code=AH00957", "message=HTTP: attempt to connect failed"}},
	{"apache_error_24", `[Thu Jan 15 12:00:00.123456 2026] [core:error] [pid 1] (2)No such file or directory: AH00036: no`, []string{"error.code=AH00036", "message=no"}},
	{"apache_error", `[Thu Jan 15 12:00:00 2026] [notice] caught SIGTERM, shutting down`, []string{"message=caught SIGTERM, shutting down"}},

	{"postgresql", `2026-01-15 12:00:00.123 UTC,"app","shop",71,"192.0.2.10:4000",65a5.47,1,"SELECT",2026-01-15 11:00:00 UTC,3/7,0,ERROR,42P01,"no ""x"", sorry","some detail",,,,,"select 1, 2",15,,"psql","client backend",,0`, []string{"client.address=192.0.2.10", "client.port=4000", `message=no ""x"", sorry`, "postgresql.log.detail=some detail", "postgresql.log.query=select 1, 2", "postgresql.log.application_name=psql"}},
	{"postgresql", `2026-01-15 12:00:00.123 UTC,,,71,,65a5.47,1,,2026-01-15 11:00:00 UTC,,0,LOG,00000,"up",,,,,,,,,"","postmaster",,0`, []string{"message=up"}},
	{"postgresql", `2026-01-15 12:00:00 UTC:10.0.0.1(5):app@shop:[1]:ERROR:  no table`, []string{"client.address=10.0.0.1", "client.port=5", "user.name=app", "postgresql.log.database=shop", "process.pid=1", "level=ERROR", "message=no table"}},
	{"postgresql", `2026-01-15 12:00:00 UTC::@:[71]:LOG:  checkpoint starting: time`, []string{"process.pid=71", "message=checkpoint starting: time"}},
	{"postgresql", `2026-01-15 12:00:00 UTC [71]: [1-1] user=app,db=shop,app=my app,client=192.0.2.10 LOG:  duration: 2 ms`, []string{"user.name=app", "postgresql.log.database=shop", "postgresql.log.application_name=my app", "client.address=192.0.2.10", "message=duration: 2 ms"}},
	{"postgresql", `2026-01-15 12:00:00 UTC [71]: [1-1] user=,db=,app=,client= LOG:  up`, []string{"message=up"}},

	{"zookeeper", `2026-01-15 12:00:00,123 - INFO  [main:Server@137] - up`, []string{"log.origin.file.line=137", "process.thread.name=main"}},
	{"vmware", `2026-01-15T12:00:00.123Z info hostd[2099] [Originator@6876 sub=Default] up`, []string{"process.thread.id=2099"}},
	{"leveled", `Jan 15, 2026 1:55:36 PM INFO hi`, []string{"timestamp=Jan 15, 2026 1:55:36 PM", "level=INFO", "message=hi"}},
	{"java_util_logging", `Jan 15, 2026 1:55:36 PM org.example.Server start`, []string{"logger=org.example.Server"}},
	{"aws_vpc_flow", `2 123456789010 eni-1235b8ca123456789 - - - - - - - 1768435199 1768435259 - NODATA`, []string{"event.outcome=NODATA"}},
	{"json", "\ufeff{\"level\":\"info\"}", nil},
	{"json", "  {\"level\":\"info\"}", nil},
	{"logfmt", `<189>date=2026-01-15 time=12:00:00 devname="wall1" level="notice" msg="up"`, nil},
}
