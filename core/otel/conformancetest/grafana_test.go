package conformancetest

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	prom "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/advantch/kernia-go/core"
	kotel "github.com/advantch/kernia-go/core/otel"
)

var (
	metricIn = regexp.MustCompile(`([a-z_]+)\{`)
	byLabels = regexp.MustCompile(`by \(([^)]*)\)`)
	matching = regexp.MustCompile(`\b([a-z_]+)="`)
	inLegend = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
)

// The dashboard asks for metrics and labels that the exporter to Prometheus writes, and for
// each metric.
func TestDashboard(t *testing.T) {
	t.Parallel()
	registry := prom.NewRegistry()
	exporter, err := prometheus.New(prometheus.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, false, func(_ *core.Options, k *kotel.Options) {
		k.MeterProvider = metric.NewMeterProvider(metric.WithReader(exporter))
	})
	w.play(t)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]map[string]bool{} // of the metrics, by the names that queries use
	asked := map[string]bool{}
	for _, f := range families {
		name, has := f.GetName(), map[string]bool{"le": true}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				has[l.GetName()] = true
			}
		}
		if !has["otel_scope_name"] {
			continue // target_info
		}
		asked[name] = false
		labels[name] = has
		if f.GetMetric()[0].GetHistogram() != nil {
			labels[name+"_bucket"], labels[name+"_count"] = has, has
		}
	}
	text, err := os.ReadFile("../../../docs/observability/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			found := metricIn.FindStringSubmatch(target.Expr)
			if found == nil || labels[found[1]] == nil {
				t.Errorf("%s asks for a metric that there is not: %s", p.Title, target.Expr)
				continue
			}
			asked[strings.TrimSuffix(strings.TrimSuffix(found[1], "_bucket"), "_count")] = true
			var names []string
			for _, by := range byLabels.FindAllStringSubmatch(target.Expr, -1) {
				names = append(names, strings.Split(by[1], ", ")...)
			}
			for _, m := range append(matching.FindAllStringSubmatch(target.Expr, -1), inLegend.FindAllStringSubmatch(target.LegendFormat, -1)...) {
				names = append(names, m[1])
			}
			for _, name := range names {
				if !labels[found[1]][name] {
					t.Errorf("%s: %s has no label %q, but %v", p.Title, found[1], name, labels[found[1]])
				}
			}
		}
	}
	for name, shown := range asked {
		if !shown {
			t.Errorf("no panel shows %s", name)
		}
	}
	if len(asked) < 16 {
		t.Errorf("the exporter has only %d metrics", len(asked))
	}
	page, err := os.ReadFile("../../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range open(t, false, nil).played(t) {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/observability.md does not name %s, %s", name, m.Description)
		}
	}
}
