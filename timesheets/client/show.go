package client

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Output is the flag of every command that shows something.
type Output struct {
	JSON bool `name:"json" help:"JSON, for scripts."`
}

// json writes for programs: whole, and the same on a terminal.
func (a *app) json(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// lines are names and values, the values under one another.
func (a *app) lines(lines [][2]string) error {
	longest := 0
	for _, l := range lines {
		longest = max(longest, cells(l[0]))
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(a.Out, "  %s%s  %s\n", l[0], strings.Repeat(" ", longest-cells(l[0])), strings.TrimSpace(l[1])); err != nil {
			return err
		}
	}
	return nil
}

// table is text in columns. Cells are safe to print already.
type table struct {
	head  []string
	right int // the column of numbers
	rows  [][]string
	paint func(column int, cell string) string // the colour's number, "" for none
}

// print writes the table: coloured, and cut to the window, on a terminal
// alone, so that whatever reads it in a pipe finds every word.
func (t table) print(a *app) error {
	columns := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			columns[i] = max(columns[i], cells(cell))
		}
	}
	window, colours := window(a.Out), colours(a.Out)
	var b strings.Builder
	for n, row := range append([][]string{t.head}, t.rows...) {
		used := 0
		for i, cell := range row {
			if last := i == len(row)-1; last {
				cell = cut(cell, window-used)
			}
			pad := strings.Repeat(" ", max(0, columns[i]-cells(cell)))
			used += columns[i] + 2
			colour := ""
			switch {
			case colours && n == 0:
				colour = "1"
			case colours && t.paint != nil:
				colour = t.paint(i, cell)
			}
			if colour != "" {
				cell = "\x1b[" + colour + "m" + cell + "\x1b[0m"
			}
			switch {
			case i == t.right:
				b.WriteString(pad + cell + "  ")
			case i == len(row)-1:
				b.WriteString(cell)
			default:
				b.WriteString(cell + pad + "  ")
			}
		}
		text := strings.TrimRight(b.String(), " ")
		b.Reset()
		if _, err := fmt.Fprintln(a.Out, text); err != nil {
			return err
		}
	}
	return nil
}

const noWindow = 1 << 20

// window is how many cells a line has; noWindow where it is no terminal.
func window(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok {
		return noWindow
	}
	if cells, _, err := term.GetSize(int(file.Fd())); err == nil && cells > 0 {
		return cells
	}
	return noWindow
}

// colours says whether there can be some.
func colours(out io.Writer) bool {
	return window(out) != noWindow && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// cut shortens text to a number of cells.
func cut(text string, to int) string {
	if cells(text) <= to {
		return text
	}
	var b strings.Builder
	used := 0
	for _, c := range text {
		if used += runeCells(c); used > to-1 {
			break
		}
		b.WriteRune(c)
	}
	return b.String() + "…"
}

// cells is how much room text takes on a terminal.
func cells(text string) (n int) {
	for _, c := range text {
		n += runeCells(c)
	}
	return n
}

func runeCells(c rune) int {
	switch {
	case unicode.In(c, unicode.Mn, unicode.Me):
		return 0
	case width.LookupRune(c).Kind() == width.EastAsianWide || width.LookupRune(c).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}
