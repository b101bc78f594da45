// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Runs SQL in a DuckDB in memory, with its defaults. Each line of standard input is a statement as a JSON string; each answers
// with a line of JSON: {"ms":1.5,"rows":[{"n":"3"}]} or {"error":"…"}. The time is that until all rows are there.
import { createInterface } from "node:readline";
import { DuckDBInstance } from "@duckdb/node-api";

const connection = await (await DuckDBInstance.create(":memory:")).connect();
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const began = performance.now();
    const result = await connection.runAndReadAll(JSON.parse(line));
    const ms = performance.now() - began;
    console.log(JSON.stringify({ ms, rows: result.getRowObjectsJson() }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
}
