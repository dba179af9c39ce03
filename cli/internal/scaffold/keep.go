package scaffold

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keepSettings reads the .env of a program that is overwritten. Its secrets stay, because
// sessions, encrypted rows and the database hang on them; lines that this package does
// not write stay as they are, and are returned.
func keepSettings(p *program) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(p.Folder, ".env"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var others []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		value = strings.Trim(value, `"'`)
		switch name {
		case "KERNIA_SECRET":
			p.Secret = value
		case "DATABASE_PASSWORD":
			if p.DatabasePassword != "" {
				p.DatabasePassword = value
			}
		case "APP_ENV", "BASE_URL", "PORT", "TRUSTED_ORIGINS", "DATABASE_URL":
		default:
			others = append(others, line)
		}
	}
	return others, nil
}

// withKept adds the lines that keepSettings has returned.
func withKept(env []byte, lines []string) []byte {
	if len(lines) == 0 {
		return env
	}
	return append(bytes.TrimRight(env, "\n"), "\n\n# Kept from before.\n"+strings.Join(lines, "\n")+"\n"...)
}
