//go:build !race

package catalogue

const raceEnabled = false
