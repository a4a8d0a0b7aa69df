package sqlite

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// When what is over is done away with: soon after a start, because many a
// server never runs for long, and then again and again.
const (
	tidyFirst = 20 * time.Second
	tidyEvery = 10 * time.Minute
)

// Tidy does away with what is over, until ctx ends: what the steps know of, and
// then the space that it has left.
func (f *File) Tidy(ctx context.Context, steps ...func(context.Context) error) {
	tidy(ctx, f.log, tidyFirst, tidyEvery, append(slices.Clone(steps), f.Shrink)...)
}

// tidy does away with what can no longer matter, one step after the other. What
// fails is tried again the next time.
func tidy(ctx context.Context, log *slog.Logger, first, every time.Duration, steps ...func(context.Context) error) {
	for next := time.NewTimer(first); ; next.Reset(every) {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		for _, step := range steps {
			if err := step(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "purge", "err", err)
			}
		}
	}
}
