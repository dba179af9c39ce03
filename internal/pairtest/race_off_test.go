//go:build !race

package pairtest_test

const raceEnabled = false
