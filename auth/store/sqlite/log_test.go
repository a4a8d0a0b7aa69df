package sqlite

import (
	"database/sql"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A reader that lasts keeps the log from being emptied. Once it is gone the
// log is reused from its beginning, and gives back what is above its limit.
func TestTheLogIsBounded(t *testing.T) { t.Run("ST-14", provesTheLogIsBounded) }

func provesTheLogIsBounded(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	size := func() int64 {
		info, err := os.Stat(f.place + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	line := 0
	fill := func(bytes int64) {
		text := strings.Repeat("x", 256<<10)
		for written := int64(0); written < bytes; written += int64(len(text)) {
			line++
			if err := f.Write(t.Context(), insert(strconv.Itoa(line)+text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	reader, err := f.read.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil { // now it has its snapshot
		t.Fatal(err)
	}
	fill(logLimit + 8<<20)
	if size() <= logLimit {
		t.Fatal("the log did not grow under the reader: this proves nothing")
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	fill(4 << 20)
	if size() > logLimit {
		t.Errorf("the log still has %d bytes", size())
	}
}
