module github.com/logboom/logboom/test

go 1.26.0

require (
	github.com/logboom/logboom v0.0.0
	github.com/parquet-go/parquet-go v0.32.0
	github.com/stretchr/testify v1.12.1
	go.opentelemetry.io/collector/pdata v1.51.0
	google.golang.org/grpc v1.83.2
	gopkg.in/yaml.v3 v3.0.1
)

replace github.com/logboom/logboom => ../
