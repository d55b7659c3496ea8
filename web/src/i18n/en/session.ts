export const session = {
  "session.title": "Sign in",
  "session.lead": "The control room for Alembic migrations",
  "session.email": "Email",
  "session.password": "Password",
  "session.submit": "Sign in",
  "session.expired": "Your session is over. Nothing on this page is lost: sign in, and it goes on.",
  "session.wrong": "No account has this email and password.",
  "session.wrongHint": "The first administrator's password was printed when the stack was started for the first time.",
  "session.leave": "Leave this page and sign in as somebody else",
} as const;
