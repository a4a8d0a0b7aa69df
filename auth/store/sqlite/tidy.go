package sqlite

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// Expired rows are deleted soon after a start, because many servers never run
// for long, and then at intervals.
const (
	tidyFirst = 20 * time.Second
	tidyEvery = 10 * time.Minute
)

// Tidy deletes what has expired, until ctx ends: it runs the steps, and then
// gives the free space back.
func (f *File) Tidy(ctx context.Context, steps ...func(context.Context) error) {
	tidy(ctx, f.log, tidyFirst, tidyEvery, append(slices.Clone(steps), f.Shrink)...)
}

// tidy runs one step after the other to delete what can no longer matter. A
// step that fails is tried again the next time.
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
