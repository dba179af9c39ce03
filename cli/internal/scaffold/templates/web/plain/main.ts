import { auth } from "./auth";
import "./style.css";

const app = document.querySelector<HTMLDivElement>("#app")!;

/** Shows the form to strangers, and the session to users who are signed in. */
auth.useSession.subscribe(({ data, isPending }) => {
  if (isPending) app.textContent = "Loading…";
  else if (data) showSession(data);
  else showForm();
});

function showForm() {
  app.innerHTML = `
    <form>
      <h1>Welcome</h1>
      <label>Name <small>for a new account</small> <input name="name" autocomplete="name" /></label>
      <label>E-mail <input name="email" type="email" autocomplete="username" required /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" minlength="8" required /></label>
      <p role="alert" hidden></p>
      <button name="sign-in">Sign in</button>
      <button name="sign-up">Sign up</button>
    </form>`;
  const form = app.querySelector("form")!;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = new FormData(form);
    const text = (name: string) => String(values.get(name));
    const email = text("email");
    const password = text("password");
    const signUp = (event.submitter as HTMLButtonElement | null)?.name === "sign-up";
    const { error } = signUp
      ? await auth.signUp.email({ name: text("name") || email, email, password })
      : await auth.signIn.email({ email, password });
    const alert = form.querySelector<HTMLElement>("[role=alert]")!;
    alert.hidden = !error;
    alert.textContent = error?.message ?? "";
  });
}

function showSession({ user, session }: typeof auth.$Infer.Session) {
  app.innerHTML = `
    <h1></h1>
    <p></p>
    <button>Sign out</button>`;
  // What users have typed is text, never HTML.
  app.querySelector("h1")!.textContent = `Hello ${user.name}`;
  app.querySelector("p")!.textContent = `${user.email}, signed in until ${new Date(session.expiresAt).toLocaleString()}.`;
  app.querySelector("button")!.addEventListener("click", () => void auth.signOut());
}
