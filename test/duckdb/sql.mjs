// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Runs SQL in an empty DuckDB in memory. Standard input is a JSON array of statements; each answers with a line of JSON:
// {"columns":["n"],"types":["BIGINT"],"rows":[["3"]]}. The first that fails answers {"error":"…"} and ends the run.
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const connection = await (await DuckDBInstance.create(":memory:")).connect();
for (const statement of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const result = await connection.runAndReadAll(statement);
    console.log(JSON.stringify({ columns: result.columnNames(), types: result.columnTypes().map(String), rows: result.getRowsJson() }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
    break;
  }
}
