// The page by itself: configuration, sign-in, and the shell around the views.
import { connect } from "./crm/client.js";
import { chooseLanguage } from "./i18n/index.js";
import { openShell } from "./shell.js";

async function begin() {
  chooseLanguage();
  const answer = await fetch("config.json", { cache: "no-cache" });
  const supabase = connect(await answer.json());
  await openShell(document.getElementById("app"), supabase);
}

begin();
