// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Reads names of Parquet files, one a line, and prints what DuckDB counts in them, as one JSON object:
// {"rows":n,"services":{"checkout":{"9":n}}} (by service and severity number).
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const files = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(", ");
const connection = await (await DuckDBInstance.create(":memory:")).connect();
const result = await connection.runAndReadAll(
  `SELECT ServiceName, SeverityNumber, count(*) AS n FROM read_parquet([${list}]) GROUP BY ALL`,
);
const answer = { rows: 0, services: {} };
for (const { ServiceName, SeverityNumber, n } of result.getRowObjectsJson()) {
  answer.rows += Number(n);
  (answer.services[ServiceName] ??= {})[SeverityNumber] = Number(n);
}
console.log(JSON.stringify(answer));
