// Passkeys: asks the browser for one and posts its answer with the form. Nothing is fetched: the question is in the form, and the
// answer leaves with it. Without this file, or in a browser without passkeys, the form stays hidden and the other ways are there.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential || !navigator.credentials) continue;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const isNew = form.dataset.passkey === "create";
  const button = form.querySelector("button");
  const trouble = form.querySelector("[role=alert]");

  const publicKey = JSON.parse(form.dataset.options);
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  for (const list of [publicKey.allowCredentials, publicKey.excludeCredentials]) {
    for (const known of list ?? []) known.id = bytes(known.id);
  }

  const answered = (credential) => {
    const { response } = credential;
    const parts = isNew
      ? ["clientDataJSON", "attestationObject"]
      : ["clientDataJSON", "authenticatorData", "signature", "userHandle"];
    const sent = {};
    for (const part of parts) sent[part] = response[part] ? text(response[part]) : null;
    const { credProps } = credential.getClientExtensionResults();
    // Not form.elements.passkey, which would find the button by its id as well.
    form.querySelector("input[name=passkey]").value = JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: sent,
      clientExtensionResults: credProps ? { credProps } : {},
    });
    form.submit();
  };

  const sentences = isNew
    ? {
        NotAllowedError: "No passkey was made: it was cancelled, or took too long. Try again.",
        InvalidStateError: "There is a passkey for this account on this device or in this password manager already.",
      }
    : {
        NotAllowedError: "No passkey was used: it was cancelled, took too long, or there is none here. Try again, or use another way.",
      };
  const failed = (error) => {
    trouble.textContent = sentences[error.name] ?? "This browser could not use a passkey here. Use another way, or another browser.";
    trouble.hidden = false;
  };

  // A browser can offer passkeys while the address is typed. It waits for that until the button takes over: one question at a time.
  let offering = null;
  const offer = async () => {
    if (!("autofill" in form.dataset) || !(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const stop = new AbortController();
    const asked = navigator.credentials.get({ publicKey, mediation: "conditional", signal: stop.signal }).then(answered, () => {});
    offering = async () => {
      stop.abort();
      await asked;
    };
  };

  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    trouble.hidden = true;
    button.disabled = true;
    try {
      await offering?.();
      answered(await navigator.credentials[isNew ? "create" : "get"]({ publicKey }));
    } catch (error) {
      failed(error);
    } finally {
      button.disabled = false;
    }
  });

  // Back again by the browser's own button: the question was answered, so the page needs another one.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });

  form.hidden = false;
  for (const other of document.querySelectorAll("[data-without-passkeys]")) other.hidden = true;
  offer().catch(() => {});
}
