# One line a log record or span: policy, threshold (or tracestate), service, and the line or the span's name.
def named: map({(.key): .value.stringValue}) | add;
((.resourceLogs // [])[] | (.resource.attributes | named) as $r | .scopeLogs[].logRecords[] | (.attributes | named) as $a
  | "\($a["sampling.policy"])\t\($a["sampling.threshold"])\t\($r["service.name"])\t\(.body.stringValue)"),
((.resourceSpans // [])[] | (.resource.attributes | named) as $r | .scopeSpans[].spans[] | (.attributes | named) as $a
  | "\($a["sampling.policy"])\t\(.traceState)\t\($r["service.name"])\t\(.traceId) \(.name)")
