// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

var java = []Format{
	{Name: "spring_boot", Title: "Spring Boot", Expression: `\A%{SPRING_BOOT}\z`, shape: "<_L_", has: " --- "},
	{Name: "log4j", Title: "Java: log4j, logback, Hadoop, HBase, with the thread after the level", Expression: `\A%{LOG4J_MDC}\z`, shape: "<_L_[|<_[L", after: []string{"spring_boot"}},
	{Name: "logback", Title: "Java: logback; log4net: with the thread before the level", Expression: `\A%{LOGBACK}\z`, shape: "<_[|dd:dd:ddS_["},
	{Name: "zookeeper", Title: "ZooKeeper", Expression: `\A%{ZOOKEEPER}\z`, shape: "< - L|< ['myid:'"},
	{Name: "jboss", Title: "WildFly, Quarkus, Keycloak", Expression: `\A%{JBOSS}\z`, shape: "<_L_[|dd:dd:ddS_L_[", has: "] ("},
	{Name: "solr", Title: "Solr", Expression: `\A%{SOLR}\z`, shape: "<_L_("},
	{Name: "spark", Title: "Spark and Hadoop on a console", Expression: `\A%{SPARK}\z`, Layouts: []string{"06/01/02 15:04:05"}, shape: "dd/dd/dd dd:dd:dd L_"},
	{Name: "hdfs", Title: "HDFS", Expression: `\A%{HDFS}\z`, Layouts: []string{"060102 150405"}, shape: "dddddd dddddd d"},
	{Name: "kafka", Title: "Kafka", Expression: `\A%{KAFKA}\z`, shape: "[<] L "},
	{Name: "elasticsearch", Title: "Elasticsearch, OpenSearch, Logstash", Expression: `\A%{ELASTICSEARCH}\z`, shape: "[<][u"},
	{Name: "jetty", Title: "Jetty", Expression: `\A%{JETTY}\z`, shape: "<:u"},
	{Name: "jenkins", Title: "Jenkins", Expression: `\A%{JENKINS}\z`, shape: "<_['id='"},
	{Name: "tomcat", Title: "Tomcat from 8 on", Expression: `\A%{TOMCAT_CATALINA}\z`, shape: "dd-ull-dddd"},
	{Name: "java_util_logging", Title: "java.util.logging, Tomcat before 8", Expression: `\A(?:%{JAVA_UTIL_LOGGING}|%{JUL_HEAD})\z`, shape: "ull d"},
	{Name: "jvm", Title: "the JVM's own log: garbage collection and so on", Expression: `\A%{JVM_UNIFIED}\z`, shape: "[<][|[d|[llll", has: "]["},
	{Name: "minecraft", Title: "Minecraft", Expression: `\A%{MINECRAFT}\z`, shape: "[dd:dd:dd|[ddulldddd"},
	{Name: "cassandra", Title: "Java with the level first: Cassandra", Expression: `\A%{LOG4J_LEVEL_FIRST}\z`, shape: "L_|[L"},
}

var python = []Format{
	{Name: "openstack", Title: "OpenStack (oslo.log)", Expression: `\A%{OPENSTACK}\z`, shape: "< d|S < d"},
	{Name: "python_logging", Title: "Python: time - logger - level - text", Expression: `\A%{PYTHON_LOGGING}\z`, shape: "<' - '"},
	{Name: "python_basic", Title: "Python: level:logger:text", Expression: `\A%{PYTHON_BASIC}\z`, shape: "L:"},
	{Name: "loguru", Title: "loguru", Expression: `\A%{LOGURU}\z`, shape: "<' | '"},
	{Name: "airflow", Title: "Airflow", Expression: `\A%{AIRFLOW}\z`, shape: "[<]' {'"},
	{Name: "celery", Title: "Celery", Expression: `\A%{CELERY}\z`, shape: "[<':'"},
	{Name: "gunicorn", Title: "gunicorn", Expression: `\A%{GUNICORN}\z`, shape: "[<] [d"},
	{Name: "uvicorn", Title: "uvicorn", Expression: `\A%{UVICORN}\z`, shape: "L:_", after: []string{"uvicorn_access"}},
	{Name: "django_runserver", Title: "Django's runserver", Expression: `\A%{DJANGO_RUNSERVER}\s*\z`, shape: "[dd/ull/dddd"},
	{Name: "structlog", Title: "structlog", Expression: `\A%{STRUCTLOG}\z`, shape: "< [l"},
	{Name: "fail2ban", Title: "fail2ban", Expression: `\A%{FAIL2BAN}\z`, shape: "<_'fail2ban.'"},
	{Name: "scrapy", Title: "Scrapy", Expression: `\A%{SCRAPY}\z`, shape: "< [w"},
	{Name: "tornado", Title: "Tornado, Jupyter", Expression: `\A%{TORNADO}\z`, shape: "[u d"},
	{Name: "ansible", Title: "Ansible", Expression: `\A%{ANSIBLE}\z`, shape: "<' p='d"},
	{Name: "python_traceback", Title: "a Python traceback without a head", Expression: `\A%{PYTHON_TRACEBACK}\z`, shape: "'Traceback '"},
}

var golang = []Format{
	{Name: "klog", Title: "Kubernetes: klog, glog", Expression: `\A%{KLOG}\z`, shape: "udddd dd:"},
	{Name: "glog", Title: "glog with the year", Expression: `\A%{GLOG}\z`, shape: "udddddddd dd:"},
	{Name: "cockroachdb", Title: "CockroachDB", Expression: `\A%{COCKROACHDB}\z`, shape: "udddddd dd:"},
	{Name: "zap_console", Title: "zap's console", Expression: `\A%{ZAP_CONSOLE}\z`, shape: "<'\t'|dddd/dd/dd dd:dd:ddS'\t'|d", has: "\t"},
	{Name: "zerolog_console", Title: "zerolog's console", Expression: `\A%{ZEROLOG_CONSOLE}\z`, shape: "< uuu |d:dd|dd:dd"},
	{Name: "logrus_console", Title: "logrus on a terminal", Expression: `\A%{LOGRUS_CONSOLE}\z`, shape: "uuuu["},
	{Name: "hclog", Title: "Consul, Nomad, Vault", Expression: `\A%{HCLOG}\z`, shape: "< [L]"},
	{Name: "coredns", Title: "CoreDNS", Expression: `\A%{COREDNS}\s*\z`, shape: "[L] |< [L] "},
	{Name: "capnslog", Title: "etcd before 3.4", Expression: `\A%{CAPNSLOG}\z`, shape: "<' 'u' | '"},
	{Name: "telegraf", Title: "Telegraf", Expression: `\A%{TELEGRAF}\z`, shape: "<' 'u'! '"},
	{Name: "go_log", Title: "Go's log", Expression: `\A%{GO_LOG}\z`, shape: "dddd/dd/dd dd:dd:dd", general: true},
	{Name: "go_panic", Title: "a Go panic", Expression: `\A%{GO_PANIC}\z`, shape: "'panic: '|'fatal error: '", has: "goroutine "},
}

var languages = []Format{
	{Name: "ruby", Title: "Ruby's logger", Expression: `\A%{RUBY_LINE}\z`, shape: "u', ['"},
	{Name: "rails", Title: "Rails", Expression: `\A(?:%{RAILS_REQUEST}|%{RAILS_PROCESSING}|%{RAILS_COMPLETED})\z`, shape: "'Started '|'Processing by '|'Completed '"},
	{Name: "sidekiq", Title: "Sidekiq", Expression: `\A%{SIDEKIQ}\z`, shape: "< 'pid='|< D' TID-'"},
	{Name: "rust_env_logger", Title: "Rust: env_logger", Expression: `\A%{RUST_ENV_LOGGER}\z`, shape: "[<_L_"},
	{Name: "rust_tracing", Title: "Rust: tracing", Expression: `\A%{RUST_TRACING}\z`, shape: "<_L_", has: "::"},
	{Name: "rust_panic", Title: "a Rust panic", Expression: `\A%{RUST_PANIC}\z`, shape: "'thread '"},
	{Name: "spdlog", Title: "C++: spdlog", Expression: `\A%{SPDLOG}\z`, shape: "[<] [a"},
	{Name: "rabbitmq", Title: "RabbitMQ", Expression: `\A%{RABBITMQ}\z`, shape: "< [l", has: "."},
	{Name: "elixir", Title: "Elixir", Expression: `\A%{ELIXIR}\z`, shape: "dd:dd:dd.ddd"},
	{Name: "dotnet", Title: ".NET on a console", Expression: `\A%{DOTNET_CONSOLE}\z`, shape: "llll: "},
	{Name: "serilog", Title: "Serilog", Expression: `\A%{SERILOG}\z`, shape: "< [L]"},
	{Name: "nlog", Title: "NLog", Expression: `\A%{NLOG}\z`, shape: "<'|'L'|'"},
	{Name: "pino_pretty", Title: "pino-pretty", Expression: `\A%{PINO_PRETTY}\z`, shape: "[<] L|[dd:dd:dd"},
	{Name: "chromium", Title: "Chromium", Expression: `\A%{CHROMIUM}\z`, Layouts: []string{"0102/150405"}, shape: "[d"},
	{Name: "tensorflow", Title: "TensorFlow", Expression: `\A%{TENSORFLOW}\z`, shape: "<': '"},
	{Name: "stack_trace", Title: "an exception and its stack trace without a head: Java, .NET, JavaScript", Expression: `\A(?:%{JAVA_EXCEPTION}|%{JS_ERROR})\z`, shape: "a", has: "at "},
}

var databases = []Format{
	{Name: "postgresql", Title: "PostgreSQL, PgBouncer", Expression: `\A(?:%{POSTGRESQL_LINE}|%{POSTGRESQL_CSV}|%{POSTGRESQL_RDS})\z`, shape: "dddd-dd-dd dd:dd:ddS_u|dddd-dd-dd dd:dd:ddS_+|dddd-dd-dd dd:dd:ddS_-"},
	{Name: "mysql", Title: "MySQL, MariaDB", Expression: `\A(?:%{MYSQL_ERROR}|%{MYSQL_INNODB})\z`, shape: "<_h|dddddd_d"},
	{Name: "mysql_slow", Title: "MySQL's slow log", Expression: `\A%{MYSQL_SLOW}\z`, shape: "# u"},
	{Name: "mysql_general", Title: "MySQL's general log", Expression: `\A%{MYSQL_GENERAL}\z`, shape: "<'\t'"},
	{Name: "redis", Title: "Redis, Valkey", Expression: `\A%{REDIS}\z`, shape: "D:u d|[D] d"},
	{Name: "redis_monitor", Title: "Redis MONITOR", Expression: `\A%{REDISMONLOG}\z`, shape: "dddddddddd'.'d"},
	{Name: "mongodb", Title: "MongoDB before 4.4", Expression: `\A%{MONGODB_TEXT}\z`, shape: "< u_|< ud_"},
	{Name: "clickhouse", Title: "ClickHouse", Expression: `\A%{CLICKHOUSE}\z`, shape: "dddd'.'dd'.'dd "},
	{Name: "mssql", Title: "SQL Server", Expression: `\A%{MSSQL_ERRORLOG}\z`, shape: "dddd-dd-dd dd:dd:dd'.'dd_a"},
	{Name: "ceph", Title: "Ceph", Expression: `\A%{CEPH}\z`, shape: "<_hhhhhhhhhhhh"},
	{Name: "glusterfs", Title: "GlusterFS", Expression: `\A%{GLUSTERFS}\z`, shape: "[<] u "},
}
