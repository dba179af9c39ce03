package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/gormadapter"
)

// lookup is the statement with which gormadapter reads a session with its user.
const lookup = `SELECT json_array("session"."id", "session"."expiresAt", "session"."token", "session"."createdAt", "session"."updatedAt",
	"session"."ipAddress", "session"."userAgent", "session"."userId",
	j0."id", j0."name", j0."email", j0."emailVerified", j0."image", j0."createdAt", j0."updatedAt") AS c
	FROM "session" LEFT JOIN "user" AS j0 ON j0."id" = "session"."userId" WHERE "session"."token" = ?`

// byHand does the least that a server must do before it gives the answer of get-session
// from SQLite: it verifies the signature of the cookie and reads the row. It does not
// look at the row, and the answer is a recorded one.
func byHand(file, secret string, answer http.Handler) (http.Handler, error) {
	g, err := gormadapter.SQLite(file)
	if err != nil {
		return nil, err
	}
	db, err := g.DB()
	if err != nil {
		return nil, err
	}
	read, err := db.Prepare(lookup)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := signed(r, []byte(secret))
		if !ok {
			http.Error(w, "no session cookie", http.StatusUnauthorized)
			return
		}
		var row string
		// A context that cannot end spares database/sql a goroutine.
		err := read.QueryRowContext(context.Background(), token).Scan(&row)
		if errors.Is(err, sql.ErrNoRows) {
			http.Error(w, "no session", http.StatusUnauthorized)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer.ServeHTTP(w, r)
	}), nil
}

// signed returns the token in the session cookie when its signature is right.
func signed(r *http.Request, secret []byte) (token string, ok bool) {
	c, err := r.Cookie("better-auth.session_token")
	if err != nil {
		return "", false
	}
	value, err := url.PathUnescape(c.Value)
	if err != nil {
		return "", false
	}
	end := strings.LastIndexByte(value, '.')
	if end < 0 {
		return "", false
	}
	signature, err := base64.StdEncoding.DecodeString(value[end+1:])
	if err != nil {
		return "", false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(value[:end]))
	return value[:end], hmac.Equal(mac.Sum(nil), signature)
}
