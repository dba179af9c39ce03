package core_test

import (
	"encoding/json"
	"testing"

	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}))
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			RequestBody struct {
				Required bool
				Content  map[string]struct {
					Schema struct {
						Properties map[string]any
						Required   []string
					}
				}
			} `json:"requestBody"`
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any
			}
		}
	}
	if err := json.Unmarshal(e.Auth.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.1" {
		t.Errorf("openapi is %q", doc.OpenAPI)
	}
	signUp := doc.Paths["/sign-up/email"]["post"]
	if signUp.OperationID != "signUpWithEmailAndPassword" || !signUp.RequestBody.Required {
		t.Errorf("sign-up is described as %+v", signUp)
	}
	body := signUp.RequestBody.Content["application/json"].Schema
	if len(body.Required) != 3 || body.Properties["rememberMe"] == nil {
		t.Errorf("the body of sign-up is described as %+v", body)
	}
	for _, path := range []string{"/get-session", "/reset-password/{token}", "/list-accounts"} {
		if doc.Paths[path] == nil {
			t.Errorf("%s is missing", path)
		}
	}
	if doc.Paths["/set-password"] != nil {
		t.Error("set-password has no route and is listed")
	}
	if doc.Components.Schemas["Account"].Properties["password"] != nil {
		t.Error("MASS-06 the document shows the password field of accounts")
	}
}
