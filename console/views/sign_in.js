// Sign-in, with an e-mail address and a password.
import { signIn } from "../crm/session.js";
import { t } from "../i18n/index.js";
import { element, show } from "../parts/element.js";
import { notice } from "../parts/notice.js";

export function signInView(app, supabase, languageChoice) {
  document.title = `${t("signIn.title")} · ${t("shell.brand")}`;
  const problem = element("div", {});
  const email = element("input", {
    type: "email", name: "email", id: "email", autocomplete: "username", required: true,
  });
  const password = element("input", {
    type: "password", name: "password", id: "password", autocomplete: "current-password", required: true,
  });
  const button = element("button.primary", { type: "submit" }, t("signIn.button"));

  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    show(problem);
    try {
      await signIn(supabase, email.value.trim(), password.value);
    } catch (error) {
      const why = error.isAway ? t("signIn.away") : t("signIn.refused");
      show(problem, notice("bad", why));
      password.focus();
    } finally {
      button.disabled = false;
    }
  };

  show(app, element("main.alone", {},
    element("form.card.sign-in", { on: { submit } },
      element("div.heading", {}, element("img", { src: "icon.svg", alt: "" }), element("h1", {}, t("signIn.title"))),
      problem,
      element("div.field", {}, element("label", { for: "email" }, t("signIn.email")), email),
      element("div.field", {}, element("label", { for: "password" }, t("signIn.password")), password),
      button),
    element("p.footer", {}, languageChoice)));
  email.focus();
}
