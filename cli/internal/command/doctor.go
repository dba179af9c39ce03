package command

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/advantch/kernia-go/cli/internal/doctor"
	"github.com/advantch/kernia-go/cli/internal/exit"
	"github.com/advantch/kernia-go/core"
)

type examine struct {
	url, dir       string
	pages          []string
	asJSON, strict bool
}

func (h Host) doctorCommand() *cobra.Command {
	var x examine
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what goes wrong in new applications",
		Long: "Look for what goes wrong in new applications: origins against the base URL, cookies, proxies, CORS, the\n" +
			"clock, the secret, missing tables, senders of mails, and versions of npm packages. With --url it asks the\n" +
			"running server too. The exit code is 3 when a check fails, with --strict also when one warns.",
		Example: "  kernia doctor --url http://localhost:3000 --page http://localhost:5173",
		Args:    none,
		RunE:    h.with(func(c *cobra.Command, a *core.Auth, _ []string) error { return x.run(c, a) }),
	}
	f := c.Flags()
	f.StringVar(&x.url, "url", "", "address of the running server, without the base path")
	f.StringSliceVar(&x.pages, "page", nil, "origin of a page that shall work, for example http://localhost:5173")
	f.StringVar(&x.dir, "dir", ".", "folder around which package.json is looked for")
	f.BoolVar(&x.asJSON, "json", false, "print JSON")
	f.BoolVar(&x.strict, "strict", false, "exit with 3 for warnings too")
	_ = f.SetAnnotation("dir", Path, []string{"directory"})
	return c
}

func (x *examine) run(c *cobra.Command, a *core.Auth) error {
	for _, address := range append([]string{x.url}, x.pages...) {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
			return exit.Misused(fmt.Errorf("%q is no scheme and host: write for example http://localhost:3000", address))
		}
	}
	pages := make([]string, len(x.pages))
	for i, p := range x.pages {
		pages[i] = strings.TrimSuffix(p, "/")
	}
	dir, err := filepath.Abs(x.dir)
	if err != nil {
		return err
	}
	build, _ := debug.ReadBuildInfo()
	found := doctor.Run(c.Context(), a, doctor.Config{
		Dir: dir, URL: strings.TrimSuffix(x.url, "/"), Pages: pages, HTTP: &http.Client{Timeout: 10 * time.Second}, Now: time.Now, Build: build, //nolint:forbidigo // the clock of this machine is what is looked at
	})
	if err := c.Context().Err(); err != nil {
		return err
	}
	if x.asJSON {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(found)
	} else {
		err = doctor.Text(c.OutOrStdout(), found)
	}
	if err != nil {
		return err
	}
	if worst := doctor.Worst(found); worst == doctor.Fail || worst == doctor.Warn && x.strict {
		return exit.With(exit.Found)
	}
	return nil
}
