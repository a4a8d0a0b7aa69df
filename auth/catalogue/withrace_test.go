//go:build race

package catalogue

// raceEnabled: the server is built like its test.
const raceEnabled = true
