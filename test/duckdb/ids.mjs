// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Reads names of Parquet files, one a line, and writes what DuckDB finds in them to the file that the argument names, as
// CSV: first word of Body, RecordUid, ServiceName, number of rows. No row is left out, whatever its uid. Then it prints, for
// each file, its name and the services in it, as CSV.
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const quote = (text) => `'${text.replaceAll("'", "''")}'`;
const files = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
const list = `[${files.map(quote).join(", ")}]`;
const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run("SET preserve_insertion_order = false");
await connection.run(
  `COPY (SELECT split_part(Body, ' ', 1) AS id, RecordUid, ServiceName, count(*) AS n
         FROM read_parquet(${list}, hive_partitioning = false) GROUP BY ALL) TO ${quote(process.argv[2])} (FORMAT csv, HEADER false)`,
);
const result = await connection.runAndReadAll(
  `SELECT filename, string_agg(DISTINCT ServiceName, ' ') AS services
   FROM read_parquet(${list}, filename = true, hive_partitioning = false) GROUP BY filename`,
);
for (const { filename, services } of result.getRowObjectsJson()) {
  console.log(`${filename},${services}`);
}
