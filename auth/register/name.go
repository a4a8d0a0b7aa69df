package register

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A name is all that a person has to tell an app by that registered itself, so
// it must be seen as it is, and must not pass for another one (RFC 7591 5).

// hiddenIn returns the first character of a text that nobody can see, or that
// turns the text round. Joiners and selectors count as seen where a script or an
// emoji is written with them.
func hiddenIn(text string) (r rune, found bool) {
	runes := []rune(text)
	for i, r := range runes {
		var before, after rune
		if i > 0 {
			before = runes[i-1]
		}
		if i+1 < len(runes) {
			after = runes[i+1]
		}
		if !shown(r) && !joins(before, r, after) {
			return r, true
		}
	}
	return 0, false
}

// shown says whether a character can be seen, or is the one space.
func shown(r rune) bool {
	return unicode.IsPrint(r) && r != utf8.RuneError && r != blankBraille &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

const (
	zwnj, zwj    = '\u200c', '\u200d'
	asEmoji      = '\ufe0f' // asks for the coloured form of the sign before it
	blankBraille = '\u2800' // a symbol to Unicode, and nothing to the eye
)

// joining are the scripts in which a joiner between two letters is spelling
// (RFC 5892 A.1 and A.2): Persian and its neighbours, and those of India.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mandaic, unicode.Mongolian,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
	unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar,
}

func joins(before, r, after rune) bool {
	sign := unicode.Is(unicode.So, before)
	switch {
	case r == asEmoji:
		return sign
	case r == zwj && (sign || before == asEmoji || unicode.Is(unicode.Sk, before)): // a family, a profession
		return unicode.Is(unicode.So, after)
	case r == zwj, r == zwnj:
		return slices.ContainsFunc(joining, func(script *unicode.RangeTable) bool {
			return unicode.Is(script, before) && unicode.Is(script, after)
		})
	}
	return false
}

// looksLike says whether two names look alike to a hurried reader.
func looksLike(a, b string) bool { return skeleton(a) != "" && skeleton(a) == skeleton(b) }

// skeleton reduces a name to how it looks, in the manner of Unicode TR39 4:
// compatible forms are one, marks, spaces and signs count for nothing, a letter
// that looks like a Latin one is that, and so are those that are hard to tell
// apart. What it is compared with is a handful of names, so it may be coarse.
func skeleton(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		if latin, ok := lookalikes[r]; ok {
			r = latin
		}
		for _, lower := range norm.NFKD.String(strings.ToLower(string(r))) {
			switch {
			case lower == '|' || lower == '!' || lower == '1' || lower == 'l':
				b.WriteRune('i')
			case lower == '0':
				b.WriteRune('o')
			case unicode.IsLetter(lower) || unicode.IsDigit(lower):
				b.WriteRune(lower)
			}
		}
	}
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(b.String())
}

// lookalikes maps letters of other scripts, and some of Latin, to the Latin
// letter that they look like.
var lookalikes = pairs(
	"АA ВB СC ЕE НH ІI ЈJ КK МM ОO РP ЅS ТT УY ХX ԜW ԚQ ӀI аa вb сc ԁd еe һh нh іi јj кk ӏl мm оo рp ԛq гr ѕs тt уy ѵv ԝw хx" + // Cyrillic
		" ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa βb εe ηn ιi κk μm νv οo ρp σo τt υu χx γy ωw ϲc ϳj" + // Greek
		" օo սu հh ոn ցg զq ԼL ՍU ՏS" + // Armenian
		" ᎪA ᏴB ᏟC ᎠD ᎬE ᎻH ᎥI ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW" + // Cherokee
		" ıi ɑa ɡg ɩi ɪi ʟl øo łl đd ħh ŧt ꜱs ᴛt ᴍm ᴇe ʜh") // Latin

func pairs(list string) map[rune]rune {
	out := map[rune]rune{}
	for _, pair := range strings.Fields(list) {
		p := []rune(pair)
		out[p[0]] = p[1]
	}
	return out
}

// unseen words what hiddenIn has found.
func unseen(text string) string {
	r, found := hiddenIn(text)
	if !found {
		return ""
	}
	return fmt.Sprintf("has the character U+%04X, which cannot be seen here; leave it out", r)
}
