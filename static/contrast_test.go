package static

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The least contrasts of WCAG 2.2 AA.
const (
	forText     = 4.5 // 1.4.3
	forControls = 3.0 // 1.4.11: edges of controls, focus rings, icons
)

// TestContrasts computes what the stylesheet's tokens give, in both themes,
// for every pair that stands on a page.
func TestContrasts(t *testing.T) {
	for i, theme := range []string{"light", "dark"} {
		c := tokens(t, i)
		check := func(least float64, what string, front, back rgb) {
			t.Helper()
			if got := contrast(front, back); got < least {
				t.Errorf("%s: %s has contrast %.2f, want %.1f", theme, what, got, least)
			}
		}
		for _, ground := range []string{"paper", "card", "sunk"} {
			for _, text := range []string{"ink", "muted", "accent", "person", "app", "as", "api", "warn", "bad"} {
				check(forText, text+" on "+ground, c[text], c[ground])
			}
			for _, part := range []string{"edge", "focus", "code", "pkce", "access", "refresh", "id", "state", "flow"} {
				check(forControls, part+" on "+ground, c[part], c[ground])
			}
			// A mark: ink on a tint of the value's colour.
			for _, value := range []string{"code", "pkce", "access", "refresh", "id", "state", "flow", "muted", "bad"} {
				check(forText, "ink on a mark of "+value+" on "+ground, c["ink"], tint(c[value], percent(t, "mark {"), c[ground]))
			}
		}
		check(forText, "a primary button", c["accent-ink"], c["accent"])
		check(forControls, "a primary button's edge", c["accent"], c["sunk"])
		check(forControls, "a tick", c["card"], c["ink"])
		check(forText, "a step's number", c["card"], c["ink"])
		check(forText, "initials", c["person"], mix(c["person"], percent(t, ".ava {"), c["card"]))
		check(forText, "a problem", c["bad"], mix(c["bad"], percent(t, ".note.bad {"), c["card"]))
		for _, role := range []string{"person", "app", "as", "api"} {
			check(forControls, "icon of "+role, c[role], mix(c[role], percent(t, ".actor i {"), c["card"]))
		}
	}
}

func TestContrastOfAnAppsTileAndOfTheTerminal(t *testing.T) {
	for i, theme := range []string{"light", "dark"} {
		c := tokens(t, i)
		tile := themed(t, ".tile.app {", `\n  color: light-dark\(([^,]+),([^)]+)\)`, i)
		if got := contrast(tile, c["app"]); got < forControls {
			t.Errorf("%s: icon of an app has contrast %.2f", theme, got)
		}
		ground := themed(t, ".term {", `background: light-dark\(([^,]+),([^)]+)\)`, i)
		ink := colour(t, find(t, rule(t, ".term {"), `\n  color: (#[0-9a-f]+)`)[1])
		if got := contrast(ink, ground); got < forText {
			t.Errorf("%s: the terminal has contrast %.2f", theme, got)
		}
	}
}

// TestContrastsOfTheInspector has the pairs that only its pages have.
func TestContrastsOfTheInspector(t *testing.T) {
	for i, theme := range []string{"light", "dark"} {
		c := tokens(t, i)
		check := func(least float64, what string, front, back rgb) {
			t.Helper()
			if got := contrast(front, back); got < least {
				t.Errorf("%s: %s has contrast %.2f, want %.1f", theme, what, got, least)
			}
		}
		for _, value := range []string{"code", "pkce", "access", "refresh", "id", "state", "flow", "muted"} {
			check(forText, "a value of "+value+" that is lit", c["card"], c[value])
			check(forControls, "the edge of "+value+" that is lit", c[value], c["sunk"])
		}
		for _, role := range []string{"person", "app", "as", "api", "bad"} {
			picked := mix(c[role], percent(t, ".steps-drawn [aria-current] {"), c["card"])
			check(forText, "a picked step of "+role, c["ink"], picked)
			check(forControls, "the arrow of a picked step of "+role, c[role], picked)
			check(forText, "the number of a picked step of "+role, c["card"], c[role])
			note := mix(c[role], percent(t, ".steps-drawn .note-on .lab {"), c["card"])
			check(forText, "a note of "+role, c["ink"], note)
			for _, value := range []string{"code", "pkce", "access", "refresh", "id", "state", "flow"} {
				check(forText, value+" in a picked step of "+role, c["ink"], tint(c[value], percent(t, "mark {"), picked))
			}
		}
		for _, outcome := range []string{"api", "bad", "muted"} {
			check(forText, "a pill of "+outcome, c[outcome], mix(c[outcome], percent(t, ".pill {"), c["card"]))
			check(forText, "the answer to an attack, "+outcome, c[outcome], mix(c[outcome], percent(t, ".verdict-box {"), c["card"]))
		}
		failed := mix(c["bad"], percent(t, ".ledger>.fail {"), c["card"])
		for _, text := range []string{"bad", "ink", "muted"} {
			check(forText, text+" in a check that failed", c[text], failed)
		}
		check(forText, "the title of a family that was attacked", c["bad"], mix(c["bad"], percent(t, ".f-attacked>h2 {"), c["card"]))
		check(forText, "what was just done", c["ink"], mix(c["access"], percent(t, ".note.done {"), c["card"]))
		for _, text := range []string{"muted", "app", "api", "bad"} {
			check(forText, text+" in an answer", c[text], mix(c["sunk"], percent(t, ".wire-text.answer {"), c["card"]))
		}
	}
}

type rgb [3]float64 // linear light, 0 to 1

// tokens reads the palette of one theme: 0 light, 1 dark.
func tokens(t *testing.T, theme int) map[string]rgb {
	t.Helper()
	out := map[string]rgb{}
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9a-f]+),(#[0-9a-f]+)\)`).FindAllStringSubmatch(rule(t, ":root {"), -1) {
		out[m[1]] = colour(t, m[2+theme])
	}
	if len(out) < 18 {
		t.Fatalf("only %d tokens found", len(out))
	}
	return out
}

// rule is the first declaration block of a selector.
func rule(t *testing.T, selector string) string {
	t.Helper()
	_, after, ok := strings.Cut(stylesheet(t), "\n"+selector)
	block, _, closed := strings.Cut(after, "}")
	if !ok || !closed {
		t.Fatalf("no rule %s", selector)
	}
	return block
}

func find(t *testing.T, in, pattern string) []string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(in)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, in)
	}
	return m
}

func themed(t *testing.T, selector, pattern string, theme int) rgb {
	t.Helper()
	return colour(t, find(t, rule(t, selector), pattern)[1+theme])
}

// percent is how much of a colour the rule's tint has.
func percent(t *testing.T, selector string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(find(t, rule(t, selector), `background: color-mix\(in oklab,var\(--[^)]*\)*\)? ([0-9]+)%`)[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return n / 100
}

func colour(t *testing.T, hex string) rgb {
	t.Helper()
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("%q is no colour", hex)
	}
	var c rgb
	for i := range c {
		c[i] = linear(float64(n>>(16-8*i)&0xff) / 255)
	}
	return c
}

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func encoded(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// contrast is WCAG's ratio of relative luminances.
func contrast(a, b rgb) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c rgb) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// tint lays a share of one colour over another, as a browser composites: on
// the encoded values.
func tint(c rgb, share float64, over rgb) rgb {
	var out rgb
	for i := range out {
		out[i] = linear(encoded(c[i])*share + encoded(over[i])*(1-share))
	}
	return out
}

// mix is CSS color-mix(in oklab), by Ottosson's matrices.
func mix(a rgb, share float64, b rgb) rgb {
	x, y := oklab(a), oklab(b)
	for i := range x {
		x[i] = x[i]*share + y[i]*(1-share)
	}
	l := math.Pow(x[0]+0.3963377774*x[1]+0.2158037573*x[2], 3)
	m := math.Pow(x[0]-0.1055613458*x[1]-0.0638541728*x[2], 3)
	s := math.Pow(x[0]-0.0894841775*x[1]-1.2914855480*x[2], 3)
	return rgb{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
	}
}

func oklab(c rgb) rgb {
	l := math.Cbrt(0.4122214708*c[0] + 0.5363325363*c[1] + 0.0514459929*c[2])
	m := math.Cbrt(0.2119034982*c[0] + 0.6806995451*c[1] + 0.1073969566*c[2])
	s := math.Cbrt(0.0883024619*c[0] + 0.2817188376*c[1] + 0.6299787005*c[2])
	return rgb{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

func TestContrastOfBlackAndWhite(t *testing.T) {
	black, white := colour(t, "#000"), colour(t, "#fff")
	if got := contrast(black, white); math.Abs(got-21) > 0.01 { // WCAG's own range is 1 to 21
		t.Errorf("black on white is %.2f", got)
	}
	if back := mix(white, 0.5, white); math.Abs(luminance(back)-1) > 0.001 {
		t.Errorf("white mixed with white has luminance %.3f", luminance(back))
	}
}
