//go:build !race

package kernia_test

const raceEnabled = false
