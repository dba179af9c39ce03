CREATE TABLE account (
    id text NOT NULL,
    "accountId" text NOT NULL,
    "providerId" text NOT NULL,
    "userId" text NOT NULL,
    "accessToken" text,
    "refreshToken" text,
    "idToken" text,
    "accessTokenExpiresAt" timestamp with time zone,
    "refreshTokenExpiresAt" timestamp with time zone,
    scope text,
    password text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL
);
CREATE TABLE "rateLimit" (
    id text NOT NULL,
    key text NOT NULL,
    count integer NOT NULL,
    "lastRequest" bigint NOT NULL
);
CREATE TABLE session (
    id text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    token text NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL,
    "ipAddress" text,
    "userAgent" text,
    "userId" text NOT NULL,
    "impersonatedBy" text
);
CREATE TABLE "user" (
    id text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    "emailVerified" boolean NOT NULL,
    image text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    role text,
    banned boolean,
    "banReason" text,
    "banExpires" timestamp with time zone,
    tags jsonb,
    scores jsonb,
    prefs jsonb,
    height integer,
    serial bigint
);
CREATE TABLE verification (
    id text NOT NULL,
    identifier text NOT NULL,
    value text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO account VALUES ('pgRzk8LKCSs3UjgAl7hpUoymrIU55m7M', '5CnMBKGhTaprems0vBAkkKuu4LDdlInV', 'credential', '5CnMBKGhTaprems0vBAkkKuu4LDdlInV', NULL, NULL, NULL, NULL, NULL, NULL, '6f5e45f4cb06edc4d5541b338613b91c:b30de682aa31a38b8ee663b9bbba28626721eeabb9450b1e6cbc066b156238c4b7cce91bfb7e9d54b8199f4a4e640f4fed93b9cabd66cf479c6aefa08cced5a7', '2026-11-26 19:41:31.577+00', '2026-11-26 19:41:31.577+00');
INSERT INTO "rateLimit" VALUES ('Fqx6VFYzhxa9a6YUqBBXVfdjT5ROFqbk', 'k', 1, 1767268800000);
INSERT INTO session VALUES ('5Ak0lkyxG1qLscAkaFuWibh9r8Yscd1Y', '2026-12-03 19:41:31.617+00', 'Uk6JvrVAPnvjxPWt2UoHLuPanZWBgCak', '2026-11-26 19:41:31.617+00', '2026-11-26 19:41:31.617+00', '', '', '5CnMBKGhTaprems0vBAkkKuu4LDdlInV', NULL);
INSERT INTO session VALUES ('HHzEcqkbiAHBGbeodCV59kY0GhUP542T', '2026-12-03 19:41:32.098+00', '7ycpChscn72LTixpZ9BWkVdVxTprBQrP', '2026-11-26 19:41:32.098+00', '2026-11-26 19:41:32.098+00', '', '', '5CnMBKGhTaprems0vBAkkKuu4LDdlInV', NULL);
INSERT INTO "user" VALUES ('5CnMBKGhTaprems0vBAkkKuu4LDdlInV', 'Ada', 'ada@example.com', false, NULL, '2026-11-26 19:41:31.554+00', '2026-11-26 19:41:31.554+00', 'user', false, NULL, NULL, '["a", "b<c>"]', '[1, 2.5]', '{"theme": "dark"}', 175, 9007199254740991);
INSERT INTO verification VALUES ('aIU5rGdWip0cYysEaOU1qNLMd0PqLa1h', 'reset-password:gLk77ZOz3mJYjLBUNFPA7iOn', '5CnMBKGhTaprems0vBAkkKuu4LDdlInV', '2026-11-26 20:41:32.167+00', '2026-11-26 19:41:32.167+00', '2026-11-26 19:41:32.167+00');
ALTER TABLE ONLY account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY "rateLimit"
    ADD CONSTRAINT "rateLimit_key_key" UNIQUE (key);
ALTER TABLE ONLY "rateLimit"
    ADD CONSTRAINT "rateLimit_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY session
    ADD CONSTRAINT session_token_key UNIQUE (token);
ALTER TABLE ONLY "user"
    ADD CONSTRAINT user_email_key UNIQUE (email);
ALTER TABLE ONLY "user"
    ADD CONSTRAINT user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY "user"
    ADD CONSTRAINT user_serial_key UNIQUE (serial);
ALTER TABLE ONLY verification
    ADD CONSTRAINT verification_pkey PRIMARY KEY (id);
CREATE INDEX "account_userId_idx" ON account USING btree ("userId");
CREATE INDEX "session_userId_idx" ON session USING btree ("userId");
CREATE INDEX verification_identifier_idx ON verification USING btree (identifier);
ALTER TABLE ONLY account
    ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY session
    ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"(id) ON DELETE CASCADE;
