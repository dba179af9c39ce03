package kernia_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core/authtest"
	kernia "github.com/advantch/kernia-go/gin"
)

// cors and pack work like gin-contrib's middleware of similar names: cors answers
// preflights and aborts, pack replaces Gin's writer.
func cors(page string) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Access-Control-Allow-Origin", page)
		c.Header("Vary", "Origin")
		if c.Request.Method == http.MethodOptions {
			c.AbortWithStatus(http.StatusNoContent)
		}
	}
}

func pack(c *gin.Context) {
	c.Header("Content-Encoding", "gzip")
	z := gzip.NewWriter(c.Writer)
	c.Writer = &packer{c.Writer, z}
	c.Next()
	_ = z.Close()
}

type packer struct {
	gin.ResponseWriter
	z *gzip.Writer
}

func (p *packer) Write(data []byte) (int, error)             { return p.z.Write(data) }
func (p *packer) WriteString(text string) (n int, err error) { return io.WriteString(p.z, text) }

// CORS before Kernia answers preflights itself and adds its headers to the answers
// of the auth routes.
func TestCORS(t *testing.T) {
	t.Parallel()
	const page = "https://app.example.com"
	router := gin.New()
	router.Use(cors(page), kernia.Gin(authtest.New(t, nil).Auth))
	if w := do(router, "OPTIONS", "/api/auth/sign-out"); w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != page || w.Body.Len() > 0 {
		t.Errorf("preflight: %d %v %s", w.Code, w.Header(), w.Body)
	}
	w := do(router, "GET", "/api/auth/ok")
	if h := w.Header(); w.Code != 200 || h.Get("Access-Control-Allow-Origin") != page || h.Get("Vary") != "Origin" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("request: %d %v", w.Code, h)
	}
}

// A writer that compresses also gets the answers of the auth routes, with their status.
func TestCompression(t *testing.T) {
	t.Parallel()
	router := gin.New()
	router.Use(pack, kernia.Gin(authtest.New(t, nil).Auth))
	for path, body := range map[string]string{"/api/auth/ok": `{"ok":true}`, "/api/auth/nowhere": missing} {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if text, err := io.ReadAll(z); err != nil || string(text) != body || (w.Code == 200) != (body != missing) {
			t.Errorf("%s: %d %q, %v", path, w.Code, text, err)
		}
	}
}
