package idtoken

// Reason says in one word why a token was refused.
type Reason string

// The reasons.
const (
	// ReasonMalformed: it is no signed token, is too long, or its JSON is ambiguous.
	ReasonMalformed Reason = "malformed"
	// ReasonType: it is a token of another kind, such as an access token.
	ReasonType Reason = "type"
	// ReasonAlgorithm: the algorithm is not the provider's.
	ReasonAlgorithm Reason = "algorithm"
	// ReasonKey: no key of the provider has its kid.
	ReasonKey Reason = "key"
	// ReasonSignature: the signature is another key's.
	ReasonSignature Reason = "signature"
	// ReasonIssuer: iss is missing or another provider's.
	ReasonIssuer Reason = "issuer"
	// ReasonAudience: aud or azp is missing or another application's.
	ReasonAudience Reason = "audience"
	// ReasonTime: exp, nbf or iat is missing or refuses the token now.
	ReasonTime Reason = "time"
	// ReasonNonce: the nonce is missing or another sign-in's.
	ReasonNonce Reason = "nonce"
	// ReasonSubject: sub is missing or too long.
	ReasonSubject Reason = "subject"
	// ReasonHash: at_hash or c_hash belongs to another token or code.
	ReasonHash Reason = "hash"
	// ReasonClaims: a rule of the provider's refuses the claims.
	ReasonClaims Reason = "claims"
)

// Error is the refusal of a token. It contains nothing of the token.
type Error struct{ Reason Reason }

func (e *Error) Error() string { return "idtoken: the token is refused: " + string(e.Reason) }

func refuse(r Reason) error { return &Error{r} }
