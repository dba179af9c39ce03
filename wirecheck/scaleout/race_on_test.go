//go:build race

package scaleout

// buildFlags make the servers' own data races fail the test too.
var buildFlags = []string{"-race"}
