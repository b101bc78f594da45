// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logHandler writes what the engine logs to the Collector's log.
type logHandler struct {
	logger *zap.Logger
	prefix string // of groups
	fields []zap.Field
}

func newLogger(l *zap.Logger) *slog.Logger { return slog.New(&logHandler{logger: l}) }

func levelOf(l slog.Level) zapcore.Level {
	switch {
	case l < slog.LevelInfo:
		return zapcore.DebugLevel
	case l < slog.LevelWarn:
		return zapcore.InfoLevel
	case l < slog.LevelError:
		return zapcore.WarnLevel
	}
	return zapcore.ErrorLevel
}

// Enabled implements [slog.Handler].
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool {
	return h.logger.Core().Enabled(levelOf(l))
}

// Handle implements [slog.Handler].
func (h *logHandler) Handle(_ context.Context, r slog.Record) error { //nolint:gocritic // the interface has it by value
	fields := slices.Clip(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, h.field(a))
		return true
	})
	h.logger.Log(levelOf(r.Level), r.Message, fields...)
	return nil
}

func (h *logHandler) field(a slog.Attr) zap.Field {
	v := a.Value.Resolve()
	if err, ok := v.Any().(error); ok {
		return zap.NamedError(h.prefix+a.Key, err)
	}
	return zap.Any(h.prefix+a.Key, v.Any())
}

// WithAttrs implements [slog.Handler].
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.fields = slices.Clip(h.fields)
	for _, a := range attrs {
		c.fields = append(c.fields, h.field(a))
	}
	return &c
}

// WithGroup implements [slog.Handler].
func (h *logHandler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.prefix += name + "."
	}
	return &c
}
