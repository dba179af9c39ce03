//go:build !race

package gormadapter

const raceEnabled = false
