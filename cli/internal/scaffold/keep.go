package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are the lines of a .env file.
type settings []string

// readSettings reads the .env of a folder; none is no error.
func readSettings(folder string) (settings, error) {
	data, err := os.ReadFile(filepath.Join(folder, ".env"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Split(strings.TrimRight(string(data), "\n"), "\n"), err
}

// setting is the name and the value of a line, "" for one that sets nothing.
func setting(line string) (name, value string) {
	line = strings.TrimSpace(line)
	name, value, ok := strings.Cut(line, "=")
	if !ok || strings.HasPrefix(line, "#") {
		return "", ""
	}
	return strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`)
}

// value is what the program reads for a name, which is the first line that has it.
func (s settings) value(name string) string {
	for _, line := range s {
		if n, v := setting(line); n == name {
			return v
		}
	}
	return ""
}

// with returns the settings of a program that is written again. Every line stays as it is,
// because sessions, encrypted rows and the database hang on what it says. What the program
// cannot do without, and has no value, is taken from its fresh .env. A DATABASE_URL for a
// database of another kind stays as a comment.
func (s settings) with(fresh []byte, kind string) []byte {
	if s == nil {
		return fresh
	}
	var lines, before, missing []string
	for _, line := range s {
		if name, value := setting(line); name == "DATABASE_URL" && kind != "" && value != "" && kindOf(value) != kind {
			line = "# Of another database: " + line
		}
		lines = append(lines, line)
	}
	for line := range strings.Lines(string(fresh)) {
		line = strings.TrimRight(line, "\n")
		name, value := setting(line)
		switch {
		case line == "":
			before = nil
			continue
		case name == "":
			before = append(before, line)
			continue
		}
		here := -1
		for i, old := range lines {
			if n, _ := setting(old); n == name {
				here = i
				break
			}
		}
		switch {
		case !s.needs(name) || here >= 0 && (value == "" || settings(lines).value(name) != ""):
		case here < 0:
			missing = append(append(append(missing, ""), before...), line)
		default:
			lines[here] = line
		}
		before = nil
	}
	return []byte(strings.Join(append(lines, missing...), "\n") + "\n")
}

// needs reports whether settings without a value for a name have to get one. Where nobody
// has written that this is development, nothing turns it into that.
func (s settings) needs(name string) bool {
	switch name {
	case "APP_ENV", "PORT":
		return false
	case "TRUSTED_ORIGINS":
		return s.value("APP_ENV") == "development" && !slices.ContainsFunc(s, func(line string) bool { n, _ := setting(line); return n == name })
	}
	return true
}

// kindOf is the database that a DATABASE_URL is for: a key of databases, or mongo.
func kindOf(url string) string {
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(url, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("mongodb://", "mongodb+srv://"):
		return "mongo"
	case has("postgres://", "postgresql://", "host=", "dbname="):
		return "postgres"
	case has("@tcp(", "@tcp6(", "@unix(", "@/", "mysql://"):
		return "mysql"
	}
	return "sqlite"
}
