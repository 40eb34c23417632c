// Files in Storage: uploads, and links to what the worker left there.
import { problemOf } from "./client.js";

const LINK_SECONDS = 60;

/** Put a file into the organization's folder; {bucket, path}, as file_data.source has it. */
export async function upload(supabase, organizationId, file) {
  // Storage takes few characters in a name; the user's own name goes into file_name.
  const path = `${organizationId}/${crypto.randomUUID()}/upload`;
  const content = { contentType: "application/octet-stream" };
  const { error } = await supabase.storage.from("imports").upload(path, file, content);
  if (error) throw problemOf(error);
  return { bucket: "imports", path };
}

/** An address that gives a file for a minute, under a name of its own. */
export async function linkTo(supabase, bucket, path, name) {
  const { data, error } = await supabase.storage
    .from(bucket)
    .createSignedUrl(path, LINK_SECONDS, { download: name });
  if (error) throw problemOf(error);
  return data.signedUrl;
}
