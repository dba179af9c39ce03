//go:build !race

package scaleout

var buildFlags []string
