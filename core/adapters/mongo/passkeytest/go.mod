module github.com/advantch/kernia-go/core/adapters/mongo/passkeytest

go 1.26.0

require (
	github.com/advantch/kernia-go/core v0.1.0
	github.com/advantch/kernia-go/core/adapters/mongo v0.1.0
	github.com/advantch/kernia-go/core/plugins/passkey v0.1.0
	go.mongodb.org/mongo-driver/v2 v2.10.0
)

require (
	github.com/fxamacker/cbor/v2 v2.9.4 // indirect
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/go-viper/mapstructure/v2 v2.5.0 // indirect
	github.com/go-webauthn/webauthn v0.18.2 // indirect
	github.com/go-webauthn/x v0.3.1 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/tinylib/msgp v1.6.4 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	github.com/xdg-go/scram v1.4.0 // indirect
	github.com/xdg-go/stringprep v1.0.4 // indirect
	github.com/youmark/pkcs8 v0.0.0-20240726163527-a2c0da244d78 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace (
	github.com/advantch/kernia-go/core => ../../..
	github.com/advantch/kernia-go/core/adapters/mongo => ..
	github.com/advantch/kernia-go/core/plugins/passkey => ../../../plugins/passkey
)
