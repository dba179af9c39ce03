package conformancetest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

const (
	clientID, clientSecret = "app", "the+secret:of%the app" // Basic authentication form-encodes it
	otherID, otherSecret   = "another-app", "another-secret"
	keyedID                = "app-with-a-key"
	password               = "correct horse"
)

// people are the users of the provider, by their names there.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User {
	for _, u := range p {
		if u.ID == id {
			return u
		}
	}
	return nil
}
func (p people) GetUserByUsername(name string) *storage.User { return p[name] }
func (p people) ExampleClientID() string                     { return storage.ServiceUserID }

// key is a signing key and its public half.
type key struct {
	id      string
	private *rsa.PrivateKey
	public  bool
}

func (k key) ID() string                                  { return k.id }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k key) Algorithm() jose.SignatureAlgorithm          { return jose.RS256 }
func (k key) Use() string                                 { return "sig" }
func (k key) Key() any {
	if k.public {
		return &k.private.PublicKey
	}
	return k.private
}

// rotating is the example's storage with keys that change, and a client that has a key.
type rotating struct {
	*storage.Storage
	t     testing.TB
	mu    sync.Mutex
	keys  []key // the first one signs
	keyed op.Client
	known jose.JSONWebKey // of the client keyed
}

// keyed is a client that authenticates with a key.
type keyed struct{ *storage.Client }

func (keyed) AuthMethod() oidc.AuthMethod { return oidc.AuthMethodPrivateKeyJWT }

func (r *rotating) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	if id == keyedID {
		return r.keyed, nil
	}
	return r.Storage.GetClientByClientID(ctx, id)
}

func (r *rotating) GetKeyByIDAndClientID(_ context.Context, keyID, id string) (*jose.JSONWebKey, error) {
	if id != keyedID || keyID != r.known.KeyID {
		return nil, errors.New("the key is not known")
	}
	return &r.known, nil
}

func (r *rotating) SigningKey(context.Context) (op.SigningKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[0], nil
}

func (r *rotating) KeySet(context.Context) ([]op.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []op.Key
	for _, k := range r.keys {
		k.public = true
		out = append(out, k)
	}
	return out, nil
}

// rotate signs with a new key from now on and publishes the last two.
func (r *rotating) rotate() {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := key{id: "key-" + strconv.FormatInt(time.Now().UnixNano(), 36), private: private}
	r.keys = append([]key{next}, r.keys...)[:min(2, len(r.keys)+1)]
}

// zitadel is a running provider.
type zitadel struct {
	*rotating
	url      string
	keySets  atomic.Int32 // requests for the keys
	tokens   atomic.Int32 // requests to the token endpoint
	infos    atomic.Int32 // requests for userinfo
	keyClock atomic.Int64 // nanoseconds by which the cache's clock is ahead
}

func start(t testing.TB) *zitadel {
	t.Helper()
	z := &zitadel{}
	mux := http.NewServeMux()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/keys":
			z.keySets.Add(1)
		case "/oauth/token":
			z.tokens.Add(1)
		case "/userinfo":
			z.infos.Add(1)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	z.url = server.URL
	users := people{
		"ada":   {ID: "1001", Username: "ada", Password: password, FirstName: "Ada", LastName: "Lovelace", Email: "Ada@example.com", EmailVerified: true},
		"grace": {ID: "1002", Username: "grace", Password: password, FirstName: "Grace", LastName: "Hopper", Email: "grace@example.com"},
	}
	callback := authtest.BaseURL + "/api/auth/callback/"
	app := storage.WebClient(clientID, clientSecret, callback+"zitadel", authtest.BaseURL+"/api/auth/sso/callback/zitadel")
	other := storage.WebClient(otherID, otherSecret, callback+"zitadel")
	z.rotating = &rotating{
		Storage: storage.NewStorageWithClients(users, map[string]*storage.Client{app.GetID(): app, other.GetID(): other}), t: t,
		keyed: keyed{storage.WebClient(keyedID, "", authtest.BaseURL+"/api/auth/sso/callback/zitadel")},
	}
	z.rotate()
	provider, err := op.NewProvider(&op.Config{CryptoKey: [32]byte{1}, CodeMethodS256: true, AuthMethodPost: true, AuthMethodPrivateKeyJWT: true, GrantTypeRefreshToken: true},
		z.rotating, op.StaticIssuer(z.url), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	// The library leaves the page on which people sign in to its users.
	goOn := op.AuthCallbackURL(provider)
	mux.Handle("POST /login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("id")
		if err := z.CheckUsernamePassword(r.FormValue("username"), r.FormValue("password"), id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, goOn(r.Context(), id), http.StatusFound)
	}))
	mux.Handle("/", provider)
	return z
}

func (z *zitadel) now() time.Time { return time.Now().Add(time.Duration(z.keyClock.Load())) }

// description is the provider as an application describes it. change alters the rules
// for id_tokens, or is nil.
func (z *zitadel) description(t testing.TB, change func(*idtoken.Options)) oauth.Config {
	t.Helper()
	keys, err := idtoken.NewKeys(z.url+"/keys", idtoken.KeysOptions{Clock: z.now})
	if err != nil {
		t.Fatal(err)
	}
	rules := idtoken.Options{Keys: keys, Issuers: []string{z.url}}
	if change != nil {
		change(&rules)
	}
	verifier, err := idtoken.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	return oauth.Config{Config: oauth2.Config{
		ID: "zitadel", Name: "Zitadel", ClientID: clientID, ClientSecret: clientSecret, Auth: oauth2.AuthBasic, Issuer: z.url,
		AuthorizeURL: z.url + "/authorize", TokenURL: z.url + "/oauth/token",
		Scopes: []string{"openid", "email", "profile", "offline_access"},
		VerifyIDToken: func(ctx context.Context, c *http.Client, p *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
			return verifier.Verify(ctx, c, p, token, nonce)
		},
		Profile: func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			if err := idtoken.CheckHashes(r.IDToken, r.Tokens.AccessToken, ""); err != nil {
				return nil, err
			}
			claims, err := oauth2.UserInfo(ctx, c, z.url+"/userinfo", r.Tokens, nil)
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{
				ID: claims.ID("sub"), Name: claims.String("name"), Email: claims.String("email"), EmailVerified: claims.Bool("email_verified"), Raw: claims,
			}, nil
		},
	}}
}

// visit opens an authorization URL in a browser, signs in there, and returns the query
// with which the provider sends the browser back.
func (z *zitadel) visit(t testing.TB, authorize, name string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(authorize)
	for range 5 {
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		to, parseErr := res.Location()
		if parseErr != nil {
			t.Fatalf("%s answered %d without a redirect", res.Request.URL, res.StatusCode)
		}
		switch {
		case strings.HasPrefix(to.String(), authtest.BaseURL):
			return to.Query()
		case to.Path == "/login/username":
			res, err = browser.PostForm(z.url+"/login/username", url.Values{"id": {to.Query().Get("authRequestID")}, "username": {name}, "password": {password}})
		default:
			res, err = browser.Get(to.String())
		}
	}
	t.Fatal("the provider never sends the browser back")
	return nil
}

// exchange asks the token endpoint without our code.
func (z *zitadel) exchange(t testing.TB, id, secret string, form url.Values) (status int, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, z.url+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	if err := res.Write(&text); err != nil {
		t.Fatal(err)
	}
	_, body, _ = strings.Cut(text.String(), "\r\n\r\n")
	return res.StatusCode, body
}

// with replaces parameters of a URL.
func with(t testing.TB, raw string, pairs ...string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for pair := range slices.Chunk(pairs, 2) {
		if q.Get(pair[0]) == "" {
			t.Fatalf("%s has no parameter %s", raw, pair[0])
		}
		q.Set(pair[0], pair[1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}
