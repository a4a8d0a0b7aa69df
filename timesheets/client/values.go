package client

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// hours is a time as people write it: 7.5, 7,5, 7:30, 7h30, 7h or 30m.
type hours float64

// UnmarshalText is how kong reads it.
func (h *hours) UnmarshalText(text []byte) error {
	s := strings.ToLower(strings.TrimSpace(string(text)))
	if n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64); err == nil && n < 1000 && n > -1000 {
		*h = hours(n)
		return nil
	}
	whole, part, ok := strings.Cut(s, ":")
	if !ok {
		whole, part, ok = strings.Cut(s, "h")
	}
	if !ok {
		whole, part = "", s
		ok = strings.HasSuffix(s, "m")
	}
	part = strings.TrimSuffix(part, "m")
	n, errHours := strconv.ParseUint("0"+whole, 10, 8)
	m, errMinutes := strconv.ParseUint("0"+part, 10, 16)
	if !ok || whole+part == "" || errors.Join(errHours, errMinutes) != nil || whole != "" && m > 59 {
		return errors.New("is a time such as 7.5, 7:30, 7h30 or 30m")
	}
	*h = hours(float64(n) + float64(m)/60)
	return nil
}

// day is a date as people say it: 2026-03-31, today or yesterday.
type day string

// UnmarshalText is how kong reads it.
func (d *day) UnmarshalText(text []byte) error {
	now := time.Now()
	switch s := strings.ToLower(strings.TrimSpace(string(text))); s {
	case "", "today":
		*d = dayOf(now)
	case "yesterday":
		*d = dayOf(now.AddDate(0, 0, -1))
	default:
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return errors.New("is a day such as 2026-03-31, today or yesterday")
		}
		*d = day(s)
	}
	return nil
}

func dayOf(t time.Time) day { return day(t.Format(time.DateOnly)) }
