//go:build !unix

package ui

// SurviveFileLimit does nothing where there is no such limit.
func SurviveFileLimit() {}
