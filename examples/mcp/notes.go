package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/advantch/kernia-go/core/plugins/mcp"
)

// notebooks are the notes of users, by the user's id.
type notebooks struct {
	mu    sync.Mutex
	notes map[string][]string
}

func (n *notebooks) add(user, text string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.notes == nil {
		n.notes = map[string][]string{}
	}
	n.notes[user] = append(n.notes[user], text)
	return len(n.notes[user])
}

func (n *notebooks) list(user string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.notes[user])
}

type nothing struct{}

type whoAmI struct {
	Name   string   `json:"name"`
	Client string   `json:"client"`
	Scopes []string `json:"scopes"`
}

type note struct {
	Text string `json:"text" jsonschema:"what to remember"`
}

type added struct {
	Count int `json:"count"`
}

type listed struct {
	Notes []string `json:"notes"`
}

// notesServer answers the requests that the guard has let through. Each has a server that
// knows its token: the tools act for the token's user, and for nobody else.
func notesServer(books *notebooks) http.Handler {
	return sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		token, ok := mcp.TokenFrom(r.Context())
		if !ok || token.User == nil {
			return nil // 400: the token is a client's own
		}
		return tools(books, token)
	}, &sdk.StreamableHTTPOptions{Stateless: true})
}

func tools(books *notebooks, token *mcp.Token) *sdk.Server {
	server := sdk.NewServer(&sdk.Implementation{Name: "notes", Version: "1.0.0"}, nil)
	sdk.AddTool(server, &sdk.Tool{Name: "whoami", Description: "Tells for whom the client acts"},
		func(context.Context, *sdk.CallToolRequest, nothing) (*sdk.CallToolResult, whoAmI, error) {
			return nil, whoAmI{token.User.Name, token.ClientID, token.Scopes}, nil
		})
	sdk.AddTool(server, &sdk.Tool{Name: "list", Description: "Lists the user's notes"},
		func(context.Context, *sdk.CallToolRequest, nothing) (*sdk.CallToolResult, listed, error) {
			return nil, listed{append([]string{}, books.list(token.UserID)...)}, nil
		})
	sdk.AddTool(server, &sdk.Tool{Name: "add", Description: "Adds a note"},
		func(_ context.Context, _ *sdk.CallToolRequest, in note) (*sdk.CallToolResult, added, error) {
			if !token.Has(scopeWrite) {
				return nil, added{}, errors.New("the user has not allowed " + scopeWrite)
			}
			return nil, added{books.add(token.UserID, in.Text)}, nil
		})
	return server
}
