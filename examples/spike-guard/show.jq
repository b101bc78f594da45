# One line a log record: service, severity, event, message.
def named: map({(.key): .value.stringValue}) | add;
(.resourceLogs // [])[] | (.resource.attributes | named) as $r | .scopeLogs[].logRecords[]
  | "\($r["service.name"])\t\(.severityText)\t\(.eventName // "-")\t\(.body.stringValue)"
