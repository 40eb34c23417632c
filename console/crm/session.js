// Who is signed in, and of which organization.
import { problemOf, rowsOf } from "./client.js";

export async function signIn(supabase, email, password) {
  const { error } = await supabase.auth.signInWithPassword({ email, password });
  if (error) throw problemOf(error);
}

export async function signOut(supabase) {
  await supabase.auth.signOut({ scope: "local" });
}

/**
 * Who it is: {userId, email, isConfirmed, name, organizationId, organizationName, isAdmin}; null without a sign-in.
 * `organizationId` is null for somebody whom no organization knows.
 */
export async function whoIsIt(supabase) {
  const { data } = await supabase.auth.getSession();
  if (!data.session) return null;
  const user = data.session.user;
  // What every CRM has of a profile (docs/FRONTEND.md), and no more.
  const [profile] = rowsOf(
    await supabase.from("profiles").select("organization_id,role").eq("id", user.id),
  );
  const organizationId = profile?.organization_id ?? null;
  return {
    userId: user.id,
    email: user.email,
    isConfirmed: Boolean(user.email_confirmed_at),
    name: user.user_metadata?.full_name || user.email,
    organizationId,
    organizationName: organizationId && (await nameOf(supabase, organizationId)),
    isAdmin: ["admin", "super_admin"].includes(profile?.role),
  };
}

/** The organization's name; its id where the CRM shows users no organizations. */
async function nameOf(supabase, organizationId) {
  const { data } = await supabase.from("organizations").select("name").eq("id", organizationId);
  return data?.[0]?.name || organizationId;
}
