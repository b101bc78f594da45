// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

// countGroup counts the rows of a row group: read is false when the index alone said that there is none.
func (c *counting) countGroup(gc *groupTimes, t *tally) (read bool, rows int64, err error) {
	defer guard(&err)
	g := c.q.group(gc.plan.file, gc.group)
	sel := g.newSelection(gc.plan)
	if sel.live.empty() {
		return false, 0, nil
	}
	whole := gc.times.holds(g.info.minTime, g.info.maxTime)
	one := c.req.oneBucket(g.info.minTime, g.info.maxTime)
	s := groupScan{q: c.q, plan: gc.plan, number: gc.group}
	need := g.memory(s.columns())
	if err := c.q.acquire(need); err != nil {
		return true, 0, err
	}
	defer c.q.budget.release(need, false)
	if err := g.filter(&sel, false); err != nil || sel.live.empty() {
		return true, 0, err
	}
	cols := []int{colServiceName, colSamplingThreshold, colRecordCount}
	if !whole || !one {
		cols = append(cols, colTimestamp)
	}
	if c.req.BySeverity {
		cols = append(cols, colSeverityNumber, colSeverityText)
	}
	if c.req.Bytes {
		cols = append(cols, colBody)
	}
	if err := g.load(cols...); err != nil {
		return true, 0, err
	}
	if !whole {
		times := g.cols[colTimestamp]
		sel.live.each(func(row int) {
			if !gc.times.has(times.number(row)) {
				sel.live.clear(row)
			}
		})
	}
	if c.q.req.Keep != nil || c.q.req.Early != nil {
		if err := g.filterKeep(sel.live); err != nil {
			return true, 0, err
		}
	}
	return true, c.add(g, sel.live, one, t), nil
}

// filterKeep asks the request for every record that is left.
func (g *groupReader) filterKeep(live bitset) error {
	m, err := g.newEarlyLook(true)
	if err != nil {
		return err
	}
	var r Record
	n := 0
	live.each(func(row int) {
		if n++; n%tickRows == 0 && err == nil {
			err = g.tick()
		}
		if err != nil {
			return
		}
		var wanted bool
		if wanted, err = m.record(row, &r); err == nil && !wanted {
			live.clear(row)
		}
	})
	return err
}

// groupTally counts rows by what their columns hold, before these are looked up.
type groupTally struct {
	rows, bytes      int64
	weight, weighted float64
}

// add counts the rows that are left. one says that they are all in one bucket.
func (c *counting) add(g *groupReader, live bitset, one bool, t *tally) (rows int64) {
	services := g.cols[colServiceName]
	numbers, texts := services, services // ids are looked at only by severity
	severities, names := 1, 1
	if c.req.BySeverity {
		numbers, texts = g.cols[colSeverityNumber], g.cols[colSeverityText]
		severities, names = numbers.entries()+1, texts.entries()+1
	}
	weights := g.weights()
	width := severities * names
	size := (services.entries() + 1) * width
	if size > 1<<20 { // no dictionaries to speak of
		c.addSlowly(g, live, weights, t)
		return int64(live.count())
	}
	table := make([]groupTally, size)
	bucket := -1
	if one {
		bucket = c.req.bucket(g.info.minTime)
		if bucket < 0 {
			return 0
		}
	}
	flush := func() {
		for i := range table {
			cell := &table[i]
			if cell.rows == 0 {
				continue
			}
			key := countKey{service: services.entry(uint32(i / width)), bucket: bucket}
			if c.req.BySeverity {
				if n := uint32(i % width / names); int(n) < len(numbers.numbers) {
					key.severity = int32(numbers.numbers[n])
				}
				if !numbered(key.severity) {
					key.text = texts.entry(uint32(i % names))
				}
			}
			row := t.row(key)
			row.Rows += cell.rows
			row.Bytes += cell.bytes
			row.Weight += cell.weight
			row.WeightedBytes += cell.weighted
			rows += cell.rows
			*cell = groupTally{}
		}
	}
	times, body := g.cols[colTimestamp], g.cols[colBody]
	var from, to int64 // of the bucket, both included, when there are several
	live.each(func(row int) {
		if !one {
			if at := times.number(row); bucket < 0 || at < from || at > to {
				flush()
				bucket = c.req.bucket(at)
				from, to = c.req.bounds(bucket)
			}
		}
		i := int(services.id(row)) * width
		if c.req.BySeverity {
			i += int(numbers.id(row))*names + int(texts.id(row))
		}
		cell := &table[i]
		weight := weights.of(row)
		cell.rows++
		cell.weight += weight
		if c.req.Bytes {
			n := int64(body.length(row))
			cell.bytes += n
			cell.weighted += weight * float64(n)
		}
	})
	flush()
	return rows
}

// addSlowly counts row by row.
func (c *counting) addSlowly(g *groupReader, live bitset, weights rowWeights, t *tally) {
	live.each(func(row int) {
		key := countKey{service: g.cols[colServiceName].text(row)}
		if times := g.cols[colTimestamp]; times != nil {
			key.bucket = c.req.bucket(times.number(row))
		} else {
			key.bucket = c.req.bucket(g.info.minTime)
		}
		if c.req.BySeverity {
			if key.severity = int32(g.cols[colSeverityNumber].number(row)); !numbered(key.severity) {
				key.text = g.cols[colSeverityText].text(row)
			}
		}
		n := int64(0)
		if c.req.Bytes {
			n = int64(g.cols[colBody].length(row))
		}
		t.row(key).add(1, n, weights.of(row), c.req.Bytes)
	})
}

// rowWeights are the weights of a row group's rows.
type rowWeights struct {
	all        float64 // of every row, if not 0
	thresholds *column
	counts     *column
}

func (g *groupReader) weights() rowWeights {
	w := rowWeights{thresholds: g.cols[colSamplingThreshold], counts: g.cols[colRecordCount]}
	if w.thresholds.constant() && w.counts.constant() {
		w.all = weightOf(w.thresholds.entry(0), w.counts.numbers[0])
	}
	return w
}

func (w *rowWeights) of(row int) float64 {
	if w.all != 0 {
		return w.all
	}
	return weightOf(w.thresholds.text(row), w.counts.number(row))
}
