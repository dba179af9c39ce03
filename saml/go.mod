module github.com/advantch/kernia-go/saml

go 1.26.0

require (
	github.com/advantch/kernia-go/core v0.1.0
	github.com/beevik/etree v1.8.1
	github.com/crewjam/saml v0.6.3
	github.com/russellhaering/goxmldsig v1.6.1
)

require (
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/jonboulle/clockwork v0.5.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/advantch/kernia-go/core => ../core
