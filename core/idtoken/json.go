package idtoken

import (
	"github.com/advantch/kernia-go/core/internal/jwk"
	"github.com/advantch/kernia-go/core/oauth2"
)

// object reads one JSON object whose names are unique at every level.
func object(b []byte) (oauth2.Claims, error) {
	c, err := jwk.Object(b)
	if err != nil {
		return nil, refuse(ReasonMalformed)
	}
	return c, nil
}
