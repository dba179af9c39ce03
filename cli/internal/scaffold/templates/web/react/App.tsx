import { useState, type FormEvent } from "react";
import { auth } from "./auth";

/** Shows the form to strangers, and the session to users who are signed in. */
export function App() {
  const { data, isPending } = auth.useSession();
  if (isPending) return <p>Loading…</p>;
  return data ? <Session {...data} /> : <SignIn />;
}

function SignIn() {
  const [error, setError] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const text = (name: string) => String(values.get(name));
    const email = text("email");
    const password = text("password");
    const button = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    const { error } =
      button?.name === "sign-up"
        ? await auth.signUp.email({ name: text("name") || email, email, password })
        : await auth.signIn.email({ email, password });
    setError(error?.message ?? "");
  }

  return (
    <form onSubmit={submit}>
      <h1>Welcome</h1>
      <label>
        Name <small>for a new account</small> <input name="name" autoComplete="name" />
      </label>
      <label>
        E-mail <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" minLength={8} required />
      </label>
      {error && <p role="alert">{error}</p>}
      <button name="sign-in">Sign in</button>
      <button name="sign-up">Sign up</button>
    </form>
  );
}

function Session({ user, session }: typeof auth.$Infer.Session) {
  return (
    <>
      <h1>Hello {user.name}</h1>
      <p>
        {user.email}, signed in until {new Date(session.expiresAt).toLocaleString()}.
      </p>
      <button onClick={() => void auth.signOut()}>Sign out</button>
    </>
  );
}
