//go:build race

package gormadapter

// raceEnabled: the race detector makes sync.Pool drop things at random.
const raceEnabled = true
