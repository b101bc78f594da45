// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/querycache"
	"github.com/logboom/logboom/logql"
)

// statistics are in the shape that Loki documents, as far as they mean something here; what only an archive has is
// under logboom. Times are in seconds.
type statistics struct {
	Summary  statsSummary   `json:"summary"`
	Querier  statsQuerier   `json:"querier"`
	Ingester map[string]any `json:"ingester"`
	Cache    statsCaches    `json:"cache"`
	// Weighted says that counts were corrected by what sampling or summaries wrote into the records, Unweighted that they are not,
	// because the configuration wants it so.
	Weighted   bool         `json:"weighted"`
	Unweighted bool         `json:"unweighted,omitempty"`
	Logboom    statsLogboom `json:"logboom"`
}

type statsSummary struct {
	BytesProcessedPerSecond int64   `json:"bytesProcessedPerSecond"`
	LinesProcessedPerSecond int64   `json:"linesProcessedPerSecond"`
	TotalBytesProcessed     int64   `json:"totalBytesProcessed"`
	TotalLinesProcessed     int64   `json:"totalLinesProcessed"`
	TotalPostFilterLines    int64   `json:"totalPostFilterLines"`
	TotalEntriesReturned    int64   `json:"totalEntriesReturned"`
	ExecTime                float64 `json:"execTime"`
	QueueTime               float64 `json:"queueTime"`
	Subqueries              int     `json:"subqueries"`
	Splits                  int     `json:"splits"`
	Shards                  int     `json:"shards"`
}

type statsQuerier struct {
	Store statsStore `json:"store"`
}

type statsStore struct {
	TotalChunksRef        int        `json:"totalChunksRef"`
	TotalChunksDownloaded int        `json:"totalChunksDownloaded"`
	ChunksDownloadTime    int64      `json:"chunksDownloadTime"` // ns
	Chunk                 statsChunk `json:"chunk"`
}

type statsChunk struct {
	HeadChunkBytes    int64 `json:"headChunkBytes"`
	HeadChunkLines    int64 `json:"headChunkLines"`
	DecompressedBytes int64 `json:"decompressedBytes"`
	DecompressedLines int64 `json:"decompressedLines"`
	CompressedBytes   int64 `json:"compressedBytes"`
	TotalDuplicates   int64 `json:"totalDuplicates"`
	PostFilterLines   int64 `json:"postFilterLines"`
}

type statsCaches struct {
	Result statsCache `json:"result"`
}

// statsCache is about the blocks of steps of which the results of metric queries are put together.
type statsCache struct {
	EntriesFound     int   `json:"entriesFound"`
	EntriesRequested int   `json:"entriesRequested"`
	EntriesStored    int   `json:"entriesStored"`
	BytesReceived    int64 `json:"bytesReceived"`
	BytesSent        int64 `json:"bytesSent"`
	Requests         int   `json:"requests"`
}

func cacheStats(s *querycache.Stats) statsCache {
	return statsCache{
		EntriesFound: s.Found, EntriesRequested: s.Requested, EntriesStored: s.Stored,
		BytesReceived: s.BytesFound, BytesSent: s.BytesStored, Requests: s.Requested,
	}
}

// statsLogboom says what a query did with the archive, as [archive.ScanStats] describes it.
type statsLogboom struct {
	Objects struct {
		Listed  int `json:"listed"`
		Pruned  int `json:"pruned"`
		Counted int `json:"counted"`
		Read    int `json:"read"`
	} `json:"objects"`
	Bytes struct {
		Listed  int64 `json:"listed"`
		Pruned  int64 `json:"pruned"`
		Fetched int64 `json:"fetched"`
	} `json:"bytes"`
	RowGroups struct {
		Listed int            `json:"listed"`
		Pruned map[string]int `json:"pruned"`
		Read   int            `json:"read"`
	} `json:"rowGroups"`
	Rows struct {
		Scanned    int64 `json:"scanned"`
		Bodies     int64 `json:"bodies"`
		Passed     int64 `json:"passed"`
		Duplicates int64 `json:"duplicates"`
	} `json:"rows"`
	Requests    int64              `json:"requests"`
	CacheHits   int64              `json:"cacheHits"`
	Seconds     map[string]float64 `json:"seconds"` // by stage, of all goroutines together
	MemoryBytes int64              `json:"memoryBytes"`
	Errors      int                `json:"errors"`
}

func (c *call) statistics(res *logql.Result) statistics {
	took := time.Since(c.start).Seconds()
	scan := c.source.Stats()
	perSecond := func(n int64) int64 { return int64(float64(n) / math.Max(took, 1e-6)) }
	return statistics{
		Summary: statsSummary{
			BytesProcessedPerSecond: perSecond(res.Stats.Bytes),
			LinesProcessedPerSecond: perSecond(scan.RowsScanned),
			TotalBytesProcessed:     res.Stats.Bytes,
			TotalLinesProcessed:     scan.RowsScanned,
			TotalPostFilterLines:    res.Stats.Returned,
			TotalEntriesReturned:    entriesReturned(res),
			ExecTime:                took,
			QueueTime:               c.queued.Seconds(),
		},
		Querier: statsQuerier{Store: statsStore{
			TotalChunksRef:        scan.ObjectsTotal - scan.ObjectsPruned,
			TotalChunksDownloaded: scan.ObjectsRead,
			ChunksDownloadTime:    int64(scan.Fetch),
			Chunk: statsChunk{
				DecompressedBytes: res.Stats.Bytes, DecompressedLines: scan.RowsScanned,
				CompressedBytes: scan.BytesRead, TotalDuplicates: scan.RowsDuplicates, PostFilterLines: res.Stats.Returned,
			},
		}},
		Ingester: map[string]any{}, Cache: statsCaches{Result: cacheStats(&c.cached)},
		Weighted: res.Stats.Weighted, Unweighted: res.Stats.Unweighted,
		Logboom: logboomStats(&scan),
	}
}

func logboomStats(s *archive.ScanStats) statsLogboom {
	var l statsLogboom
	l.Objects.Listed, l.Objects.Pruned, l.Objects.Counted, l.Objects.Read = s.ObjectsTotal, s.ObjectsPruned, s.ObjectsCounted, s.ObjectsRead
	l.Bytes.Listed, l.Bytes.Pruned, l.Bytes.Fetched = s.BytesTotal, s.BytesPruned, s.BytesRead
	p := s.RowGroupsPruned
	l.RowGroups.Listed, l.RowGroups.Read = s.RowGroupsTotal, s.RowGroupsRead
	l.RowGroups.Pruned = map[string]int{"time": p.Time, "service": p.Service, "severity": p.Severity, "values": p.Values, "index": p.Index}
	l.Rows.Scanned, l.Rows.Bodies, l.Rows.Passed, l.Rows.Duplicates = s.RowsScanned, s.BodiesScanned, s.RowsYielded, s.RowsDuplicates
	l.Requests, l.CacheHits, l.MemoryBytes, l.Errors = s.Requests, s.CacheHits, s.MemoryBytes, len(s.Errors)
	l.Seconds = map[string]float64{
		"plan": s.Plan.Seconds(), "index": s.Index.Seconds(), "fetch": s.Fetch.Seconds(), "decode": s.Decode.Seconds(), "filter": s.Filter.Seconds(),
	}
	return l
}

// warn adds what could not be read to an answer without statistics.
func (c *call) warn(out map[string]any) map[string]any {
	if w := c.warnings(); len(w) > 0 {
		out["warnings"] = w
	}
	return out
}
