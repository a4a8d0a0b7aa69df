//go:build !race

package sqlite

// raceDetector excuses a test from its time limit.
const raceDetector = false
